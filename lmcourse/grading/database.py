"""nbgrader's database, SQLite or PostgreSQL: its tables and ours, and transactions that happen whole or not.

What the rows mean is the business of `adopt` (an assignment's cells) and of `gradebook` (people's grades).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from nbgrader.api import Base
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy.dialects import postgresql, sqlite

from lmcourse.grading.course import GradingError

PATIENCE = 30  # seconds to wait for another program that is writing, or for a server to answer
LOCK = 0x6C6D636F75727365  # "lmcourse": the advisory lock that our writers to a PostgreSQL database take

THEIRS = Base.metadata.tables
ASSIGNMENT, NOTEBOOK, SOURCE = THEIRS["assignment"], THEIRS["notebook"], THEIRS["source_cell"]
CELL, GRADED, GRADE = THEIRS["base_cell"], THEIRS["grade_cells"], THEIRS["grade"]
HANDED_IN = THEIRS["submitted_assignment"]

OURS = sa.MetaData()  # apart from nbgrader's, whose migrations do not see it
# By the id of the submission: when that is removed in nbgrader, its result is out of sight too.
RESULT = sa.Table(
    "lmcourse_result",
    OURS,
    sa.Column("submission_id", sa.String(32), primary_key=True),
    sa.Column("result", sa.Text, nullable=False),
)
RUN = sa.Table(
    "lmcourse_run",
    OURS,
    sa.Column("assignment", sa.String(128), primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
)

MENDS = {  # words of a database -> what to do
    "lock": "Another program is writing to it: wait until that is done, then run this again.",
    "full": "Free some space, then run this again.",
    "no space left": "Free some space, then run this again.",
    "unable to open": "Is there such a folder, and may you write in it?",
    "not a database": "Name nbgrader's gradebook, or a file that does not exist yet.",
    "readonly": "Make the file and its folder writable for you.",
    "permission denied": "Ask the database's owner for the right to write.",
    "does not exist": "Create it first, or correct the name.",
    "connection": "Is the server running, and are host, port, user and password right?",
}


class Database:
    """A gradebook's database. It holds no connection between transactions, so there is nothing to close.

    Args:
        url: `sqlite:////path/to/gradebook.db`, the file's path, or `postgresql://user:password@host/database`;
            made a gradebook if it is empty.

    Both this and a transaction raise GradingError, naming the database without its password, if that cannot
    be reached, is no gradebook, is locked or full.
    """

    def __init__(self, url: str | Path):
        try:
            address = (
                sa.URL.create("sqlite", database=str(url)) if isinstance(url, Path) else sa.make_url(url)
            )
        except sa.exc.ArgumentError:
            raise GradingError("a gradebook's address is like sqlite:////path/to/gradebook.db") from None
        self.name = _name(address)
        if address.get_backend_name() not in ("sqlite", "postgresql") or not address.database:
            raise GradingError(f"{self.name}: a gradebook is an SQLite file or a PostgreSQL database")
        self._engine = _engine(address)
        with self.transaction() as db:
            _ensure_gradebook(db, self.name)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction beside which no other of our writers runs; rolled back if anything goes wrong."""
        try:
            with self._engine.begin() as db:
                yield db
        except sa.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip()
            mend = next((f"{mend}\n" for words, mend in MENDS.items() if words in said.lower()), "")
            raise GradingError(
                f"{self.name}: {said}\n{mend}What was recorded before is kept; nothing was half recorded."
            ) from error


def _name(address: sa.URL) -> str:
    """An address as people write it, é as é, unless it would then be another; without its password."""
    plain = f"sqlite:///{address.database}"
    if sa.make_url(plain) == address:
        return plain
    return address.difference_update_query(["password"]).render_as_string(hide_password=True)


def _engine(address: sa.URL) -> sa.Engine:
    """Connections whose transactions wait for each other at their start, where waiting cannot deadlock."""
    if address.get_backend_name() == "sqlite":
        options = {"timeout": PATIENCE, "isolation_level": None}  # we say BEGIN, not Python's sqlite3
        begin = ["BEGIN IMMEDIATE"]
    else:
        address = address.set(drivername="postgresql+psycopg")
        options = {"connect_timeout": PATIENCE}
        begin = [f"SET LOCAL lock_timeout = '{PATIENCE}s'", f"SELECT pg_advisory_xact_lock({LOCK})"]
    engine = sa.create_engine(address, poolclass=sa.NullPool, connect_args=options)

    @sa.event.listens_for(engine, "begin")
    def wait_for_the_others(db: sa.Connection) -> None:
        for statement in begin:
            db.exec_driver_sql(statement)

    return engine


def _ensure_gradebook(db: sa.Connection, name: str) -> None:
    """nbgrader's tables in its current version, made if the database is empty, and ours."""
    tables = sa.inspect(db).get_table_names()
    current = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    version = sa.Table(
        "alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False)
    )
    if not tables:
        Base.metadata.create_all(db)
        version.create(db)
        db.execute(sa.insert(version), {"version_num": current})
    elif not {"alembic_version", "submitted_assignment"} <= set(tables):
        raise GradingError(f"{name} is a database, but no gradebook: name another, or an empty one")
    elif db.scalar(sa.select(version.c.version_num)) != current:
        raise GradingError(f"{name} is of another version of nbgrader: run `nbgrader db upgrade` on it")
    OURS.create_all(db)


def upsert(
    db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], update: Sequence[str] = ()
) -> Sequence[sa.Row]:
    """Insert rows, or where there is one with the key that the schema names, update some of its columns;
    the columns of the primary and of that other key, of each row that was written.
    """
    unique = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    key = list((unique[0] if unique else table.primary_key).columns)
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.dialect.name](table)
    changes = {name: insert.excluded[name] for name in update or [column.name for column in key]}
    names = dict.fromkeys([*table.primary_key.columns, *key])
    statement = insert.on_conflict_do_update(index_elements=key, set_=changes).returning(*names)
    return db.execute(statement, rows).all()
