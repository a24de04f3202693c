"""Which folders may hold code: those into which nobody else could have put any.

Numba keeps compiled kernels as pickles, and to read a pickle is to run it. A folder is
trusted where it and all folders above it belong to the user or to root, and nobody else can
write in them. Three things are no cause for distrust: a folder above it that is sticky and
root's (`/tmp`), in which nobody can touch what is another's; a link above it, since what it
leads to is looked at, and used from then on; and the right to write of the owner's own
group, which users have on systems with a umask of 002, if it has no other members.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

#: Windows keeps each user's folders apart, and has no such owners and permissions.
_HAS_OWNERS = hasattr(os, "geteuid")
_ENTERED_BY_OTHERS = stat.S_IXGRP | stat.S_IXOTH


class UntrustedError(Exception):
    """Others could have put something here.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder to blame.
    reason : str
        What is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


def trusted_folder(top: Path, leaf: str) -> Path:
    """Return the folder `leaf` in `top` by its real path, made if it is missing.

    What is made has the permissions 0700, whatever the umask.

    Parameters
    ----------
    top : pathlib.Path
        It must not be a link.
    leaf : str
        Nor must this, and what lies in it must be the user's own.

    Raises
    ------
    UntrustedError
        Others could have put something there.
    OSError
        It cannot be made, or looked at.
    """
    if _HAS_OWNERS and top.is_symlink():
        raise UntrustedError(top, "is a link")
    folder = real_folder(top) / leaf
    status = _settle(folder)
    if _HAS_OWNERS:
        if reason := _writers(folder, status):
            raise UntrustedError(folder, reason)
        # What others cannot reach they cannot have changed, whatever a umask of 0 let them.
        _check_within(folder, reachable=bool(status.st_mode & _ENTERED_BY_OTHERS))
    return folder


def real_folder(path: Path) -> Path:
    """Return a folder by its real path, all folders above it trusted or made.

    It may be a sticky one of root's.

    Raises
    ------
    UntrustedError
        Others could have put something there.
    OSError
        It cannot be made, or looked at.
    """
    folder = Path(os.path.realpath(path))
    for place in (*reversed(folder.parents), folder):
        status = _settle(place)
        sticky = status.st_mode & stat.S_ISVTX
        if _HAS_OWNERS and not sticky and (reason := _writers(place, status)):
            raise UntrustedError(place, reason)
    return folder


def identity(folder: Path) -> tuple[int, ...] | None:
    """Return what tells whether a folder is still the same, or None if it is gone."""
    try:
        status = os.lstat(folder)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_uid, status.st_mode)


def _settle(place: Path) -> os.stat_result:
    """Make a folder if it is missing; insist on its kind and its owner."""
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another process was faster
            place.mkdir(mode=0o700)
            place.chmod(0o700)  # the umask may have taken rights of our own
        status = os.lstat(place)
    if _HAS_OWNERS and (reason := _stranger(status)):
        raise UntrustedError(place, reason)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    return status


def _check_within(folder: str | Path, *, reachable: bool) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # another process has just put it in its place
                continue
            reason = _stranger(status) or (_writers(entry.path, status) if reachable else None)
            if reason:
                raise UntrustedError(Path(entry.path), reason)
            if stat.S_ISDIR(status.st_mode):
                _check_within(entry.path, reachable=reachable)
            elif not stat.S_ISREG(status.st_mode):
                raise UntrustedError(Path(entry.path), "is no regular file")


def _stranger(status: os.stat_result) -> str | None:
    """Tell whether somebody else made it."""
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to another user (uid {status.st_uid})"
    return None


def _writers(path: str | Path, status: os.stat_result) -> str | None:
    """Tell whether somebody else can write."""
    by_others = status.st_mode & stat.S_IWOTH
    by_group = status.st_mode & stat.S_IWGRP and not _of_one_person(path, status)
    return "can be written by other users" if by_others or by_group else None


def _of_one_person(path: str | Path, status: os.stat_result) -> bool:
    """Tell whether the group is its owner's own: of the same name, with no other members.

    An access control list gives rights to more people than the group, within the group's.
    """
    try:
        import grp
        import pwd

        user, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except (ImportError, KeyError):
        return False
    own = user.pw_gid == status.st_gid and group.gr_name == user.pw_name
    return own and {*group.gr_mem} <= {user.pw_name, "root"} and not _has_access_list(path)


def _has_access_list(path: str | Path) -> bool:
    read = getattr(os, "getxattr", None)  # Linux alone has it
    try:
        return read is not None and bool(read(path, "system.posix_acl_access"))
    except OSError:
        return False
