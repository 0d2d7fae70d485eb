"""HDF5 that leads nowhere else: no links, no storage in other files, no virtual data (SECURITY.md)."""

import h5py

UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError)
"""What h5py raises of files that are damaged or made to be."""


def plain_member(group: h5py.Group, name: str) -> h5py.Dataset | h5py.Group | None:
    """A member that lies in this very file, or None: HDF5 would follow links and virtual data to other files."""
    member = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
    if isinstance(member, h5py.Dataset):
        return None if member.external or member.is_virtual else member
    return member if isinstance(member, h5py.Group) else None
