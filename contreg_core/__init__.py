"""contreg's core: the nouns, the laws and the loop of learned deformable registration.

Import from the rooms (``contreg_core.types``, ``contreg_core.components`` ...); importing this package alone
imports neither torch nor any plugin.
"""

__version__ = "0.1.0"
