"""The papers tell the truth: documents, commands, versions, locks."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from firmware_py import cli
from tests.house.tree import FLOORS, ROOT, outside_packages, project_files, python_files, read

PROJECT = tomllib.loads(read(Path("pyproject.toml")))["project"]
DOCUMENTS = [path for path in project_files() if path.suffix == ".md"]
LOCKS = sorted(path for path in project_files() if path.parts[0] == "requirements" and path.suffix == ".txt")
# Where a package comes from and where this was written are nobody's business but the installer's and the writer's.
PLACES = re.compile(
    r"pypi\.org|pythonhosted|piwheels\.org|--(?:extra-)?index-url|/simple/|--find-links|(?<![\w.])/work/|/\.library\b|\.library/"
)
THIS = Path(__file__).resolve().relative_to(ROOT)


def command_names(parser) -> set[str]:
    (commands,) = [
        action for action in parser._actions if hasattr(action, "choices") and isinstance(action.choices, dict)
    ]
    return set(commands.choices)


def dev_verbs() -> set[str]:
    return set(re.findall(r"^dev_(\w+)\(\)", read(Path("dev")), flags=re.MULTILINE))


def test_no_file_names_a_package_index_or_the_place_it_was_written_in():
    for path in project_files():
        data = (ROOT / path).read_bytes()
        if path == THIS or b"\0" in data:
            continue
        found = PLACES.search(data.decode("utf-8"))
        assert not found, f"{path}: {found}"


def test_every_python_file_says_first_what_it_is():
    for path in python_files(*FLOORS, "tests", "bench"):
        text = read(path)
        assert not text or text.startswith(('"""', "#", 'r"""')), path


@pytest.mark.parametrize("path", [p for p in project_files() if p.parts[0] == "deploy" and p.suffix != ".md"], ids=str)
def test_every_installed_file_says_first_what_it_is(path):
    assert read(path).startswith("#")


def test_every_folder_of_code_is_in_the_picture_of_the_house():
    picture = re.search(r"^```\n(.*?)^```", read(Path("docs/architecture.md")), flags=re.DOTALL | re.MULTILINE)[1]
    floors = {line.split()[0]: line for line in picture.splitlines()}
    inner = {path.parent for path in python_files(*FLOORS) if len(path.parts) > 2}
    assert set(floors) == set(FLOORS)
    assert not [str(folder) for folder in sorted(inner) if f"{folder.name}/" not in floors[folder.parts[0]]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_dev_command_in_a_document_exists(document):
    assert set(re.findall(r"\./dev (\w+)", read(document))) <= dev_verbs()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_smartradio_command_in_a_document_exists(document):
    assert set(re.findall(r"[`/ ]smartradio ([a-z]+)\b(?=[^`\n]*`)", read(document))) <= command_names(cli.parser())


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_to_a_file_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", read(document))
    assert not [link for link in links if not (ROOT / document.parent / link).exists()]


def test_both_readmes_have_the_same_parts():
    english, vietnamese = (
        [len(marks) for marks in re.findall(r"^(#+) ", read(Path(name)), flags=re.MULTILINE)]
        for name in ("README.md", "README.vi.md")
    )
    assert english == vietnamese


def test_both_readmes_give_the_same_commands():
    english, vietnamese = (set(re.findall(r"\./dev \w+", read(Path(name)))) for name in ("README.md", "README.vi.md"))
    assert english == vietnamese


def test_the_changelog_has_the_version_that_is_built():
    assert f"## [{PROJECT['version']}]" in read(Path("CHANGELOG.md"))


def wanted(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("dev", ("station", "upstream", "dev")), ("station", ("station",)), ("upstream", ("upstream",))],
)
def test_a_lock_has_every_package_that_the_project_asks_for(lock, extras):
    locked = set(re.findall(r"^([\w.-]+)==", read(Path(f"requirements/{lock}.txt")), flags=re.MULTILINE))
    asked = wanted(PROJECT["dependencies"]).union(
        *(wanted(PROJECT["optional-dependencies"][extra]) for extra in extras)
    )
    assert asked <= locked


@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_every_locked_package_has_hashes(lock):
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", read(lock), flags=re.MULTILINE).strip())
    assert entries
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_every_package_that_the_project_asks_for_is_used():
    providers = packages_distributions()
    imported = {name for path in python_files(*FLOORS) for name in outside_packages(read(path))}
    used = {_normal(provider) for name in imported for provider in providers[name]}
    assert wanted(PROJECT["dependencies"]) | wanted(PROJECT["optional-dependencies"]["station"]) <= used


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_explained():
    asked = wanted(PROJECT["dependencies"]).union(*map(wanted, PROJECT["optional-dependencies"].values()))
    text = read(Path("docs/dependencies.md")).lower()
    assert not [name for name in sorted(asked) if f"`{name}`" not in text]


def test_every_debian_package_is_explained():
    named = re.findall(r"^readonly \w+_PACKAGES=\((.*)\)$", read(Path("dev")), flags=re.MULTILINE)
    text = read(Path("docs/dependencies.md"))
    assert not [package for line in named for package in line.split() if f"`{package}`" not in text]
