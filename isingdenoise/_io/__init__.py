"""The pieces behind `isingdenoise.io`: decoding, encoding and writing of picture files."""
