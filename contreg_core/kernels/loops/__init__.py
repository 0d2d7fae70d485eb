"""Compiled loops. Nothing imports this package before the first call on a CPU: numba takes a third of a second.

numba keeps machine code beside each file and looks at that file's date only: after changing a function that another
file here calls, delete the ``.nbi`` and ``.nbc`` files.
"""
