import subprocess

from trivet_platform.standalone import standalone


def test_a_lab_that_is_gone_before_its_guard_watches_hears_no_complaint() -> None:
    with subprocess.Popen(
        standalone("guard", "watch", "a-marker-that-nobody-carries"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        for pipe in (process.stdout, process.stdin):
            assert pipe is not None
            pipe.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
