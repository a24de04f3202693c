"""The build backend: setuptools, with the list of what a source distribution holds in scripts/.

setuptools reads that list from MANIFEST.in at the root alone, where no further file belongs.
"""

from setuptools.build_meta import *  # noqa: F403 - all hooks of a backend
from setuptools.command.egg_info import manifest_maker

manifest_maker.template = "scripts/manifest.in"
