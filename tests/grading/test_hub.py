"""The class server of book/deployment.md, really running: the shipped config, PAM, Unix users, exchange.

It runs in namespaces of its own (unshare): its users, /etc, /home and /srv are copies or empty there, every
process of it dies with the first one, and nothing of it stays on the machine. Only the ports are the host's.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
import requests

from lmcourse.files import course_file
from lmcourse.grading.course import assignments, source_notebook

ASSIGNMENT = "01-language-models"
NOTEBOOK = f"{ASSIGNMENT}/language-models.ipynb"
EXCHANGE = "/srv/nbgrader/exchange/lmcourse"
CHECKOUT = Path(__file__).parents[2]
PROXY = CHECKOUT / ".stamps" / "hub" / "node_modules" / ".bin"
PEOPLE = {"ada": "lmcourse-students", "bela": "lmcourse-students", "ines": "lmcourse-instructors", "otto": ""}
DEADLINE = 300  # seconds for anything that is waited for: on a busy machine a hub takes more than 60 to start

# What the test overrides: the ports, so that nothing else on the machine is in the way.
OVERRIDES = """
load_subconfig({shipped!r})
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
"""

# As root in fresh mount and process namespaces. $1 is a scratch folder, $2 the folders to hide, the others
# those to keep (interpreter, checkout): they come back inside the hidden ones, where students now reach them.
ROOM = r"""
set -eu
scratch=$1 hide=$2; shift 2
mount -t proc -o hidepid=invisible proc /proc
mount -t tmpfs -o mode=755 room "$scratch"
cp -a /etc "$scratch/etc"; mount --bind "$scratch/etc" /etc
n=0; for path; do n=$((n + 1)); mkdir "$scratch/$n"; mount --rbind "$path" "$scratch/$n"; done
IFS=:; for path in $hide; do [ ! -d "$path" ] || mount -t tmpfs -o mode=755 room "$path"; done; unset IFS
n=0; for path; do n=$((n + 1)); mkdir -p "$path"; mount --rbind "$scratch/$n" "$path"; done

groupadd lmcourse-students
groupadd lmcourse-instructors
useradd --create-home --home-dir /srv/lmcourse -K HOME_MODE=0700 lmcourse
tar -xf - -C /srv/lmcourse
ln -s "$ENVIRONMENT" /srv/lmcourse/.venv
chown -R --no-dereference lmcourse: /srv/lmcourse
for person in $PEOPLE; do
    name=${person%%:*} group=${person#*:}
    useradd --create-home -K HOME_MODE=0700 --shell /bin/sh ${group:+--groups "$group"} "$name"
    echo "$name:$name's password" | chpasswd
done
printf '%s' "$CONFIG" > /srv/test_config.py
exec "$ENVIRONMENT/bin/jupyterhub" --config /srv/test_config.py
"""


def until(what, ask):
    """The first true answer of `ask()`; a failure after DEADLINE seconds."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    pytest.fail(f"{what}: not within {DEADLINE} s")


def why_not():
    """Why no class server can run here, or nothing."""
    if sys.platform != "linux":
        return "the class server needs Linux"
    if os.geteuid() != 0:
        return "only root can make the Unix users of a class server"
    missing = [name for name in ("unshare", "nsenter", "runuser", "useradd", "ps") if not shutil.which(name)]
    if missing:
        return f"a class server cannot be set up without {' and '.join(missing)}"
    if not shutil.which("configurable-http-proxy", path=f"{PROXY}:{os.environ['PATH']}"):
        return "configurable-http-proxy is not installed: make hub"
    if not (Path(sys.prefix) / "bin" / "jupyterhub").exists():
        return "jupyterhub is not installed: pip install -e '.[hub]'"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "none", "/srv"],
        capture_output=True,
        text=True,
    )
    return f"no mount namespace of our own: {tried.stderr.strip()}" if tried.returncode else ""


def free_ports(number):
    """Ports at which nothing listens, below those that the system gives to whoever asks for any."""
    found = []
    for port in range(20_000 + os.getpid() % 10_000, 32_768):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == number:
            return found
    return pytest.fail("no free ports")


def closed_ancestor(path):
    """The topmost folder above `path` that other users may not enter, or nothing."""
    closed = [str(p) for p in Path(path).parents if not p.stat().st_mode & 0o001]
    return closed[-1] if closed else ""


class Hub:
    """A running hub: `url`, and `as_user(…)` for what somebody does on the host itself."""

    def __init__(self, folder):
        self.public, self.hub, self.api, self.service = free_ports(4)
        self.url = f"http://127.0.0.1:{self.public}"
        self.log = folder / "hub.log"
        keep = [sys.base_prefix, sys.prefix, str(CHECKOUT)]
        hide = {"/root", "/home", "/srv", "/var/mail", "/var/log", *map(closed_ancestor, keep)} - {""}
        config = OVERRIDES.format(
            shipped=str(CHECKOUT / "deploy" / "jupyterhub_config.py"), hub=self.hub, api=self.api
        )
        environment = {
            "PATH": f"{PROXY}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "ENVIRONMENT": sys.prefix,
            "PEOPLE": " ".join(f"{name}:{group}" for name, group in PEOPLE.items()),
            "CONFIG": config,
            "LMCOURSE_HUB_URL": self.url,
            "LMCOURSE_SERVICE_URL": f"http://127.0.0.1:{self.service}",
        }
        (folder / "room").mkdir()
        room = ["sh", "-c", ROOM, "room", str(folder / "room"), ":".join(sorted(hide)), *keep]
        course = subprocess.run(
            ["tar", "-c", "nbgrader_config.py", "solutions", "notebooks/assignments"],
            cwd=course_file("nbgrader_config.py").parent,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", *room],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.process.stdin.write(course)
        self.process.stdin.close()

    def wait(self):
        """Until the hub and the course's server answer."""
        for path in ("/hub/api/", "/services/lmcourse/api"):
            until(f"{path} answers", lambda path=path: self.alive() and self.answers(path))

    def alive(self):
        assert self.process.poll() is None, f"the hub ended:\n{self.log.read_text()[-3000:]}"
        return True

    def answers(self, path):
        try:
            return requests.get(self.url + path, timeout=5).status_code in (200, 403)
        except requests.ConnectionError:
            return False

    def as_user(self, name, *command, cwd="/"):
        """Run a command on the host as a Unix user."""
        first = psutil.Process(self.process.pid).children()[0].pid
        inside = ["nsenter", "--target", str(first), "--mount", "--pid", "runuser", "-u", name, "--"]
        return subprocess.run(
            [*inside, "sh", "-c", 'cd "$0" && HOME=~ exec "$@"', cwd, *command],
            env={
                "PATH": f"{sys.prefix}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "JUPYTER_CONFIG_PATH": str(CHECKOUT / "deploy"),
            },
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def course(self, *arguments):
        """Run nbgrader as the course's account, in its folder."""
        done = self.as_user("lmcourse", "nbgrader", *arguments, cwd="/srv/lmcourse")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def stop(self):
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children():
                child.kill()  # the first process of the namespace: the kernel kills all others with it
            self.process.wait(DEADLINE)


class Browser:
    """A person at the hub, with cookies, as a browser has them."""

    def __init__(self, hub, name):
        self.hub, self.name, self.session = hub, name, requests.Session()

    def log_in(self, password=None):
        form = {"username": self.name, "password": password or f"{self.name}'s password"}
        self.get("/hub/login")
        form["_xsrf"] = self.session.cookies.get("_xsrf", path="/hub/")
        return self.session.post(f"{self.hub.url}/hub/login", data=form, timeout=DEADLINE)

    def start(self):
        """Log in, start the own server, wait for it and visit it, which fetches its cookies."""
        assert self.log_in().status_code == 200
        self.post("/hub/", f"/hub/api/users/{self.name}/server")
        until(f"{self.name}'s server", lambda: self.get(f"/hub/api/users/{self.name}").json()["server"])
        assert self.get(f"/user/{self.name}/lab").status_code == 200
        return self

    def get(self, path):
        return self.session.get(self.hub.url + path, timeout=DEADLINE)

    def post(self, cookies_of, path, method="POST", **body):
        """Send with the XSRF token that the pages under `cookies_of` have."""
        headers = {"X-XSRFToken": self.session.cookies.get("_xsrf", path=cookies_of)}
        return self.session.request(method, self.hub.url + path, json=body, headers=headers, timeout=DEADLINE)

    def mine(self, path):
        return self.get(f"/user/{self.name}/{path}")

    def act(self, action):
        """Press a button of nbgrader's assignment list."""
        return self.post(
            f"/user/{self.name}/",
            f"/user/{self.name}/assignments/{action}",
            course_id="lmcourse",
            assignment_id=ASSIGNMENT,
        ).json()

    def statuses(self):
        listed = self.mine("assignments?course_id=lmcourse").json()
        assert listed["success"], listed
        return [(a["assignment_id"], a["status"]) for a in listed["value"]]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    reason = why_not()
    if reason and os.environ.get("CI") and os.geteuid() == 0:
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    hub = Hub(tmp_path_factory.mktemp("hub"))
    try:
        hub.wait()
        yield hub
    finally:
        hub.stop()


@pytest.fixture(scope="module")
def handed_in(hub):
    """The loop up to the letter box: released by the course, fetched, solved and submitted by Ada."""
    hub.course("generate_assignment", ASSIGNMENT, "--force")
    hub.course("release_assignment", ASSIGNMENT)
    ada = Browser(hub, "ada").start()
    seen = [ada.statuses()]
    ada.act("fetch")
    seen.append(ada.statuses())
    path = f"/user/ada/api/contents/{NOTEBOOK}"
    notebook = nbformat.from_dict(ada.get(path).json()["content"])
    answer_like_the_author(notebook)
    assert ada.post("/user/ada/", path, "PUT", type="notebook", content=notebook).status_code == 200
    ada.act("submit")
    seen.append(ada.statuses())
    return ada, seen


def answer_like_the_author(notebook):
    """Put the authored solution of one exercise into a student's notebook."""
    authored = nbformat.read(source_notebook(ASSIGNMENT), as_version=4)
    answer, blank = (
        next(c for c in one.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "temperature")
        for one in (authored, notebook)
    )
    blank.source = answer.source


def test_only_members_of_the_two_groups_get_in(hub):
    assert Browser(hub, "otto").log_in().status_code == 403
    assert Browser(hub, "lmcourse").log_in("lmcourse's password").status_code == 403
    assert Browser(hub, "ada").log_in("a guess").status_code == 403


def test_a_student_sees_fetches_and_submits_through_the_assignment_list(handed_in):
    released, fetched, submitted = handed_in[1]
    assert released == [(ASSIGNMENT, "released")]
    assert fetched == [(ASSIGNMENT, "fetched")]
    assert submitted == [(ASSIGNMENT, "fetched"), (ASSIGNMENT, "submitted")]


def test_a_students_server_runs_as_the_student_and_without_formgrader(hub, handed_in):
    ada = handed_in[0]
    assert hub.as_user("ada", "stat", "-c", "%U", f"/home/ada/{NOTEBOOK}").stdout == "ada\n"
    assert ada.mine("formgrader").status_code == 404


@pytest.mark.usefixtures("handed_in")
def test_a_student_reaches_neither_the_course_nor_another_student(hub):
    bela = Browser(hub, "bela")
    bela.log_in()
    assert bela.get("/services/lmcourse/formgrader").status_code == 403
    assert bela.get("/services/lmcourse/api/contents").status_code == 403
    assert bela.get(f"/user/ada/api/contents/{NOTEBOOK}").status_code in (403, 404)
    assert bela.get("/hub/api/users/ada").status_code == 404


@pytest.mark.parametrize(
    "command",
    [
        f"ls {EXCHANGE}/inbound",
        "ls /srv/lmcourse",
        f"cat /srv/lmcourse/solutions/{ASSIGNMENT}/checks.py",
        "ls /home/ada",
        "ls /srv/jupyterhub",
        f"mv {EXCHANGE} {EXCHANGE}-mine",  # to put a false course in its place
        f"mkdir {EXCHANGE}/outbound/{ASSIGNMENT}/mine",
    ],
)
@pytest.mark.usefixtures("handed_in")
def test_unix_permissions_stop_a_student(hub, command):
    done = hub.as_user("bela", *command.split())
    assert "ermission denied" in done.stderr or "not permitted" in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("handed_in")
def test_not_even_a_name_that_leaked_lets_a_student_remove_a_submission(hub):
    name = hub.as_user("lmcourse", "ls", f"{EXCHANGE}/inbound").stdout.strip()
    assert name.startswith(f"ada+{ASSIGNMENT}+")
    done = hub.as_user("bela", "mv", f"{EXCHANGE}/inbound/{name}", f"{EXCHANGE}/inbound/gone")
    assert "not permitted" in done.stderr


@pytest.mark.usefixtures("handed_in")
def test_where_proc_is_mounted_with_hidepid_students_see_their_own_processes_only(hub):
    assert "jupyterhub-singleuser" in hub.as_user("ada", "ps", "-o", "args=", "-u", "ada").stdout
    assert hub.as_user("bela", "ps", "-o", "args=", "-u", "ada").stdout == ""


@pytest.mark.usefixtures("handed_in")
def test_an_instructor_has_formgrader_and_the_course_folder(hub):
    ines = Browser(hub, "ines")
    ines.log_in()
    assert "formgrader" in ines.get("/services/lmcourse/formgrader").text
    listed = ines.get("/services/lmcourse/formgrader/api/assignments").json()
    released = [(a["name"], a["status"], a["max_score"]) for a in listed if a["status"] != "draft"]
    assert released == [(ASSIGNMENT, "released", 20.0)]
    assert [a["name"] for a in listed] == assignments()
    folders = ines.get("/services/lmcourse/api/contents").json()["content"]
    assert "solutions" in {entry["name"] for entry in folders}
    assert ines.get("/user/ada/api/contents").status_code in (403, 404)  # but nothing of a student's


@pytest.fixture(scope="module")
def collected(hub, handed_in):  # noqa: ARG001
    """What `nbgrader collect` made of the letter box after Bela's tricks: a listing of submitted/."""
    tricks = f"""
        cd {EXCHANGE}/inbound
        false="ada+{ASSIGNMENT}+2999-01-01 00:00:00.000000 UTC+x"  # in Ada's name, later than hers
        mkdir "$false" && cd "$false" && echo of bela > mine.txt && mkfifo fifo
        ln -s /srv/lmcourse/solutions/{NOTEBOOK} language-models.ipynb
        ln -s /srv/lmcourse/solutions solutions
        mkdir "../x+{ASSIGNMENT}+no time+x"
        ln -s /srv/lmcourse/solutions/{ASSIGNMENT} "../bela+{ASSIGNMENT}+2998-01-01 00:00:00 UTC+x"
    """
    assert hub.as_user("bela", "sh", "-ec", tricks).returncode == 0
    hub.course("collect", ASSIGNMENT)
    return hub.as_user("lmcourse", "find", "submitted", "!", "-type", "d", cwd="/srv/lmcourse").stdout.split()


def test_collect_brings_the_work_of_its_owner_and_nothing_through_links(hub, collected):
    assert sorted(collected) == [
        f"submitted/ada/{NOTEBOOK}",
        f"submitted/ada/{ASSIGNMENT}/submission_secret.txt",
        f"submitted/ada/{ASSIGNMENT}/timestamp.txt",
        f"submitted/bela/{ASSIGNMENT}/mine.txt",
        f"submitted/bela/{ASSIGNMENT}/submission_secret.txt",
        f"submitted/bela/{ASSIGNMENT}/timestamp.txt",
    ]
    notebook = hub.as_user("lmcourse", "cat", f"/srv/lmcourse/submitted/ada/{NOTEBOOK}").stdout
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in json.loads(notebook)["cells"]}
    assert "raise NotImplementedError" not in "".join(answers["temperature"]["source"])
    assert "raise NotImplementedError" in "".join(answers["chain_rule"]["source"])
    hub.course("collect", ASSIGNMENT, "--update")  # a second time, with what the first has left


@pytest.mark.usefixtures("bubblewrap")
def test_feedback_goes_back_to_its_owner_only(hub, handed_in, collected):
    ada = handed_in[0]
    assert collected
    done = hub.as_user("lmcourse", "lmcourse", "grade", ASSIGNMENT, "submitted", cwd="/srv/lmcourse")
    assert done.returncode == 0, done.stderr
    hub.course("release_feedback", ASSIGNMENT)
    ada.act("fetch_feedback")
    folder = ada.mine(f"api/contents/{ASSIGNMENT}/feedback").json()["content"]
    read = ada.mine(f"api/contents/{folder[0]['path']}/language-models.html").json()
    assert "of 17 points</h1>" in read["content"]
    assert "ermission denied" in hub.as_user("bela", "ls", f"{EXCHANGE}/feedback").stderr


@pytest.mark.usefixtures("bubblewrap")
def test_the_course_account_can_start_the_graders_sandbox(hub):
    command = "bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true"
    assert hub.as_user("lmcourse", *command.split()).stderr == ""


def test_the_culler_of_idle_servers_may_do_its_work(hub):
    until("the culler's first look", lambda: "GET /hub/api/users?" in hub.log.read_text())
    assert "403 GET /hub/api/users?" not in hub.log.read_text()
