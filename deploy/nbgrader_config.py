"""nbgrader's settings on a class server, for students and course; jupyterhub_config.py points to them."""

import os
import pwd
import secrets
import stat
from pathlib import Path

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "lmcourse"
c.Exchange.root = os.environ.get("LMCOURSE_EXCHANGE", "/srv/nbgrader/exchange")


class Collect(ExchangeCollect):
    """nbgrader's own, made for a letter box into which any student may drop anything.

    Stock nbgrader believes the name on the envelope, follows links with the course's rights (a link to the
    solutions would be handed in, graded and shown in the feedback) and stops at the first odd submission.
    """

    def _path_to_record(self, path: str) -> dict:
        """Whose submission it is and when it was made: the owner is who owns it, whatever its name says."""
        try:
            record = super()._path_to_record(path)
        except (ExchangeError, ValueError):
            record = {"filename": os.path.basename(path), "timestamp": parse_utc("1970-01-01")}
        owner = os.lstat(path).st_uid
        try:
            record["username"] = pwd.getpwuid(owner).pw_name
        except KeyError:
            record["username"] = f"unknown-{owner}"
        return record

    def do_copy(self, src: str, dest: str, **_: object) -> None:
        """Copy plain files and nothing that is reached through a link, even one slipped in meanwhile."""
        room = 1000 * self.coursedir.max_dir_size
        try:
            for folder, _, names, handle in os.fwalk(src):  # it enters no folder through a link
                target = Path(dest, os.path.relpath(folder, src))
                target.mkdir(parents=True)
                for name in names:
                    room -= self._copy_file(name, handle, target / name, room)
            # Without these two, or with odd ones, nbgrader would stop at a later step.
            Path(dest, "timestamp.txt").write_text(f"{self._path_to_record(src)['timestamp']} UTC")
            if not Path(dest, "submission_secret.txt").exists():
                Path(dest, "submission_secret.txt").write_text(secrets.token_hex(64))
        except OSError as error:
            self.log.error("Not everything of %s could be collected: %s", src, error)

    def _copy_file(self, name: str, handle: int, target: Path, room: int) -> int:
        """Copy one file of an open folder; the number of bytes."""
        try:
            source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
        except OSError as error:
            self.log.error("Not collected: %s: %s", target, error)
            return 0
        with open(source, "rb") as file:
            limit = min(room, 1000 * self.coursedir.max_file_size)
            if not stat.S_ISREG(os.fstat(source).st_mode) or len(data := file.read(limit + 1)) > limit:
                self.log.error("Not collected: %s: it is no plain file, or too large", target)
                return 0
            target.write_bytes(data)
            return len(data)


c.ExchangeFactory.collect = Collect
