"""A signal ends the work, whatever goes on after errors on the way."""

import os
import signal
from time import sleep

import pytest

from jpsim.cli import main
from jpsim.errors import Stopped
from jpsim.signals import Signalled, heed_signals

BOTH = (signal.SIGINT, signal.SIGTERM)


def going_on_after_errors(number):
    """Get a signal where every Exception is passed over, as compilers of kernels do."""
    try:
        os.kill(os.getpid(), number)
        sleep(1)
    except Exception:
        return


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_is_no_exception_that_one_goes_on_after(number):
    with pytest.raises(Stopped) as caught, heed_signals():
        going_on_after_errors(number)
    assert caught.value.exit_code == 128 + number


def losing_signals():
    """Lose two signals, each followed by one while there is tidying up, and keep the last."""
    for _ in range(2):
        with pytest.raises(Signalled):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def test_signals_are_left_alone_while_one_tidies_up_and_count_again_when_the_first_was_lost():
    with pytest.raises(Stopped), heed_signals():
        losing_signals()


def test_handlers_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in BOTH]
    with heed_signals():
        assert [signal.getsignal(number) for number in BOTH] != before
    assert [signal.getsignal(number) for number in BOTH] == before


def test_a_command_that_goes_on_after_errors_is_terminated_all_the_same(monkeypatch, capsys):
    monkeypatch.setattr("jpsim.cli.cli.main", lambda *_, **__: going_on_after_errors(signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as left:
            main(["doctor"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert left.value.code == 143
    assert "terminated" in capsys.readouterr().err
