"""What other programs load: an OCRmyPDF plugin and a napari plugin.

Both are found by their entry points. Each module is loaded by its own program, and loads the rest
of the package when there is a picture to clean, not before.
"""
