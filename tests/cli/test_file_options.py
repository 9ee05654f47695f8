"""What is said of files on the command line, and sentences that a terminal can bear."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinfunnel.cli import app
from spinfunnel.cli.terminal import one_line
from spinfunnel.formats import FORMATS_READ
from spinfunnel.formats.export import FORMATS


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def coo(tmp_path: Path) -> Path:
    file = tmp_path / "bare.txt"
    file.write_text("0 1 1.0\n1 2 1.0\n0 2 1.0\n2 3 -3.0\n")
    return file


def test_judge_and_advise_ask_and_agree(coo):
    for command in (["judge", coo, "--no-nulls", "--json"], ["advise", coo, "--budget", "1s", "--json"]):
        asked = run(*command)
        assert asked.exit_code == 2
        assert "give --vartype SPIN or --vartype BINARY" in asked.stderr
    judged = json.loads(run("judge", coo, "--vartype", "SPIN", "--no-nulls", "--json").stdout)
    advised = json.loads(run("advise", coo, "--vartype", "SPIN", "--budget", "1s", "--json").stdout)
    assert judged["landscape"]["parameters"] == {"format": "coo", "vartype": "SPIN"}
    assert judged["ground_energy"] == advised["advice"]["target"] == -4.0


def test_the_form_that_was_taken_is_said(tmp_path):
    (tmp_path / "q.csv").write_text("-1,2\n0,-1\n")
    said = run("advise", tmp_path / "q.csv", "--budget", "1s")
    assert "q.csv: read as a QUBO, E = x^T Q x, since it has a diagonal" in said.stderr
    assert run("advise", tmp_path / "q.csv", "--as", "ising").exit_code == 2


def test_options_of_files_are_refused_for_other_systems(coo):
    made = run("judge", "sk:n=4", "--vartype", "SPIN")
    assert made.exit_code == 2
    assert "--vartype is said of problem files, and 'sk:n=4' is none" in made.stderr
    assert "no constraints" in run("judge", coo, "--vartype", "SPIN", "--penalty", "3").stderr


def test_formats_are_listed_with_examples(tmp_path):
    listed = json.loads(run("formats", "--json").stdout)
    assert {row["name"] for row in listed["read"]} >= set(FORMATS_READ.own)
    assert {row["name"] for row in listed["written"]} >= set(FORMATS)
    assert "--format NAME" in run("formats").stdout
    shown = run("formats", "qubist").stdout
    assert FORMATS_READ["qubist"].example.strip() in shown
    assert "did you mean 'qubist'" in run("formats", "qubits").stderr


def test_names_with_control_characters_are_written_out(tmp_path):
    name = tmp_path / "evil\x1b[31m[bold]\u202e.txt"
    made = run("judge", name)
    assert made.exit_code == 2
    assert "\x1b" not in made.stderr
    assert "evil\\x1b[31m[bold]\\u202e.txt" in made.stderr
    name.write_text("2 1\n1 2 1\n")
    judged = run("judge", name, "--no-nulls")
    assert judged.exit_code == 0
    assert "[bold]" in judged.stdout
    assert "\x1b" not in judged.stdout


def test_sentences_are_one_line_of_300_characters():
    assert one_line("a\nb\tc") == "a b c"
    assert one_line("é ß 中") == "é ß 中"
    long = one_line("begin " + "x" * 999 + " end")
    assert len(long) == 300
    assert (long[:5], long[-3:]) == ("begin", "end")
