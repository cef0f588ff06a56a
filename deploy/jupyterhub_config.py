"""JupyterHub for one class on one host, with nbgrader's exchange. book/deployment.md walks through it.

What differs from site to site is read from the environment; the defaults are those of the walk-through.
Anything else is JupyterHub's own default. Start it as root: it has to start servers as other users.
"""

import grp
import os
import pwd
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub provides it)
site = os.environ.get

COURSE = "lmcourse"
ACCOUNT = site("LMCOURSE_ACCOUNT", "lmcourse")  # the Unix user who owns the course; nobody logs in as it
ROOT = Path(site("LMCOURSE_ROOT", "/srv/lmcourse"))  # its checkout with solutions; mode 700
EXCHANGE = Path(site("LMCOURSE_EXCHANGE", "/srv/nbgrader/exchange"))
STATE = Path(site("LMCOURSE_HUB_STATE", "/srv/jupyterhub"))  # the hub's database and secrets
STUDENTS = site("LMCOURSE_STUDENTS", "lmcourse-students")  # two Unix groups: who may log in, …
INSTRUCTORS = site("LMCOURSE_INSTRUCTORS", "lmcourse-instructors")  # … and who may grade
IDLE = site("LMCOURSE_IDLE", "3600")  # seconds without use after which a server is stopped


def folder(path: Path, mode: int, owner: str) -> None:
    """Make a folder, or mend its owner and mode; a link planted in its place is refused."""
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    account = pwd.getpwnam(owner)
    os.fchown(descriptor, account.pw_uid, account.pw_gid)
    os.fchmod(descriptor, mode)
    os.close(descriptor)


def environment(prefix: str) -> dict[str, str]:
    """The variables of a server that runs in the Python environment at `prefix`."""
    return {
        "PATH": f"{prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "JUPYTER_CONFIG_PATH": str(Path(__file__).resolve().parent),  # nbgrader_config.py, beside this file
        "LMCOURSE_EXCHANGE": str(EXCHANGE),
    }


if os.geteuid() == 0:  # `jupyterhub --help-all` and the like read this file too
    folder(STATE, 0o700, "root")
    # nbgrader wants the exchange writable for all. The sticky bit (1…) keeps everyone from renaming or
    # removing what others own, the whole course included. Nobody can make a false course folder before us.
    folder(EXCHANGE, 0o1777, "root")
    folder(EXCHANGE / COURSE, 0o755, ACCOUNT)
    # A letter box: anyone may drop a submission in, only the course may look. A submission itself is readable
    # (nbgrader makes it so); what hides it is a random name in a folder that cannot be listed. nbgrader sets
    # the setgid bit as well; the sticky bit is ours.
    folder(EXCHANGE / COURSE / "inbound", 0o3733, ACCOUNT)

# --- Who may log in: host accounts with their passwords, if they are in one of the two groups.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {STUDENTS, INSTRUCTORS}

# --- Where. Put a web server that speaks TLS in front. With a domain for each server (it needs a wildcard
# certificate), browsers keep students' pages apart; without, all pages count as one site.
c.JupyterHub.bind_url = site("LMCOURSE_HUB_URL", "http://127.0.0.1:8000")
c.JupyterHub.subdomain_host = site("LMCOURSE_SUBDOMAIN_HOST", "")
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{STATE}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{STATE}/proxy.pid"

# --- A server for each person, in this environment, under the person's own Unix account.
c.Spawner.cmd = [f"{sys.prefix}/bin/jupyterhub-singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.environment = environment(sys.prefix)
# A grading view of a student's own folder would only confuse. Rights are not at stake: Unix keeps those.
c.Spawner.args = ["--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=False"]
c.Spawner.mem_limit = site("LMCOURSE_MEMORY", "2G")
c.Spawner.cpu_limit = float(site("LMCOURSE_CPUS", "2"))
if site("LMCOURSE_SPAWNER", "local") == "systemd":
    # Each server in a unit of its own: the kernel enforces the two limits, /tmp is private, other people's
    # processes are invisible. The local spawner knows none of this: there the limits are only displayed.
    c.JupyterHub.spawner_class = "systemd"
    c.SystemdSpawner.isolate_tmp = True
    c.SystemdSpawner.isolate_devices = True
    c.SystemdSpawner.disable_user_sudo = True
    c.SystemdSpawner.unit_extra_properties = {"ProtectProc": "invisible", "TasksMax": "512"}
else:
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"

# --- What the hub runs besides: the course, shared by all instructors, and the culler of idle servers.
c.JupyterHub.services = [
    {
        "name": COURSE,  # at /services/lmcourse/
        "url": site("LMCOURSE_SERVICE_URL", "http://127.0.0.1:9999"),
        "user": ACCOUNT,
        "cwd": str(ROOT),  # its nbgrader_config.py is read besides
        # The checkout's own environment: there, lmcourse finds solutions/. The students' has no solutions.
        "command": [f"{ROOT}/.venv/bin/jupyterhub-singleuser", f"--ServerApp.root_dir={ROOT}"],
        "environment": environment(f"{ROOT}/.venv"),
        "oauth_no_confirm": True,
    },
    {
        "name": "cull-idle",
        "user": "nobody",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}"],
    },
]
try:
    instructors = grp.getgrnam(INSTRUCTORS).gr_mem
except KeyError:
    sys.exit(f"There is no Unix group {INSTRUCTORS!r}: make it, or name another in LMCOURSE_INSTRUCTORS.")
# Roles, not JupyterHub's own groups: who leaves the Unix group loses the role when the hub restarts.
# Nobody is an administrator of the hub: an instructor has no way into a student's server.
c.JupyterHub.load_roles = [
    {
        "name": f"instructors-{COURSE}",
        "users": instructors,
        "scopes": [f"access:services!service={COURSE}"],
    },
    {
        "name": "cull-idle",
        "services": ["cull-idle"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
