"""The matrix of bad inputs: every public call against the 100 entries of the catalogue.

A cell is tried here, or by a test that is named, or does not fit, and then there is a reason.
``bad_matrix_calls.py`` has the calls, ``bad_matrix_values.py`` what is passed to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bad_matrix_calls import Call, all_calls
from bad_matrix_values import values

NUMBER, TIME, TEXT, ID = "takes no number", "takes no time", "takes no text", "takes no id"
FRAME, FILE = "takes no frame", "opens no journal, image or snapshot"
TRADE = "asks for nothing of this kind"

ENTRIES: dict[int, tuple[str, str]] = {
    1: ("nan", NUMBER), 2: ("+inf", NUMBER), 3: ("-inf", NUMBER), 4: ("-0.0", NUMBER),
    5: ("0", NUMBER), 6: ("below 0", NUMBER), 7: ("price 0", "takes no price"),
    8: ("price below 0", "takes no price"), 9: ("5e-324", NUMBER), 10: ("1.7e308", NUMBER),
    11: ("2**63", NUMBER), 12: ("2**127", NUMBER), 13: ("10**38", NUMBER),
    14: ("10**5000", NUMBER), 15: ("True", "takes no argument"), 16: ("Decimal NaN", NUMBER),
    17: ("Decimal sNaN", NUMBER), 18: ("Decimal Infinity", NUMBER),
    19: ("Decimal 1E+999999999", NUMBER), 20: ("Decimal 1E-999999999", NUMBER),
    21: ("empty text", "takes no text or number"), 22: ("blank before", NUMBER),
    23: ("1_000", NUMBER), 24: ("1,5", NUMBER), 25: ("0x10", NUMBER), 26: ("'nan'", NUMBER),
    27: ("digits of full width", NUMBER), 28: ("1e400", NUMBER),
    29: ("one digit too many", NUMBER), 30: ("0.1 + 0.2, strict", NUMBER),
    31: ("off the grid", "takes no price or size of an instrument"),
    32: ("complex", "takes no argument"), 33: ("None", "takes no argument"),
    34: ("a hostile object", "takes no argument"),
    35: ("a re-entrant object", "takes no number, time or id"),
    36: ("an unknown id", ID), 37: ("closed twice", "closes nothing"),
    38: ("more than is held", "closes nothing"), 39: ("close of 0", "closes nothing"),
    40: ("an id or symbol again", "gives nothing a name"), 41: ("id 0, -1, 2**64", ID),
    42: ("stop on the wrong side", "takes no stop loss"),
    43: ("stop at the entry", "takes no stop loss"),
    44: ("take profit below 0", "takes no take profit"),
    45: ("beyond the free margin", "needs no margin"),
    46: ("a closed position", "changes no position"),
    47: ("price * size of 38 digits", "multiplies no price with a size"),
    48: ("a balance of 38 digits", "books no amount of the caller's"),
    49: ("2**32 positions", "nothing holds them in memory: the rule is asked in "
         "test_oracle.py::test_there_is_an_end_to_positions_and_symbols"),
    50: ("naive datetime", TIME), 51: ("before the last event", TIME),
    52: ("less than a microsecond", TIME), 53: ("NaT", TIME), 54: ("year 10000", TIME),
    55: ("a fold of a zone", TIME), 56: ("float seconds", TIME), 57: ("empty symbol", TEXT),
    58: ("NUL inside", TEXT), 59: ("1 MB", TEXT), 60: ("lone surrogate", TEXT),
    61: ("look-alike", TEXT), 62: ("unknown word or currency", TEXT), 63: ("bytes", TEXT),
    64: ("null", FRAME), 65: ("NaN in a row", FRAME), 66: ("unequal lengths", FRAME),
    67: ("wrong type", FRAME), 68: ("columns missing, extra, twice", FRAME),
    69: ("no rows", FRAME), 70: ("sliced", FRAME), 71: ("8-byte boundary", FRAME),
    72: ("empty chunks", FRAME), 73: ("key of no value", FRAME), 74: ("no UTF-8", FRAME),
    75: ("descending offsets", FRAME), 76: ("released capsule", FRAME),
    77: ("capsule used twice", FRAME), 78: ("stream that fails", FRAME), 79: ("Decimal256", FRAME),
    80: ("truncated", FILE), 81: ("bit flipped", FILE), 82: ("empty file", FILE),
    83: ("wrong magic", FILE), 84: ("newer version", FILE), 85: ("other configuration", FILE),
    86: ("length 2**31 - 1", FILE), 87: ("two journals swapped", FILE),
    88: ("snapshot newer than its journal", FILE), 89: ("read-only folder", "writes no file"),
    90: ("disk full", "writes no file"), 91: ("sync fails", "writes no file"),
    92: ("rename fails", "writes no file"), 93: ("second writer", FILE),
    94: ("8 threads", "has no state that threads share"),
    95: ("a call inside of another", "calls nothing of the caller's"),
    96: ("after a fork", "has no state that a fork copies"),
    97: ("after close()", "is of nothing that can be closed"),
    98: ("KeyboardInterrupt", "is over before a signal is looked at"),
    99: ("allocation failure", "asks the engine for no memory by a number of the caller's"),
    100: ("forged bytes", "takes no bytes"),
}  # fmt: skip
"""Each entry, and why a call has nothing to do with it."""

OPENS = ("open_position", "place_order")
CLOSES = ("close_position", "close_by")
IDS = (*CLOSES, "modify_position", "cancel_order", "charge_fee")
GRIDDED = (*OPENS, "modify_position", "close_position", "close_by", "mark", "update_equity")
GRIDDED += ("process_bar", "process_quotes", "process_bars")
CASH = ("deposit", "withdraw", "charge_fee", "dividend", "convert_cash")
FRAMES = ("mark", "update_equity", "apply", "process_bar", "process_bars", "process_quotes")
STATES, OF_ACCOUNT = "test_bad_inputs.py::test_states", "test_bad_inputs_account.py::test_states"


def of(*names: str, prefix: str = "Portfolio") -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names)


@dataclass(frozen=True)
class Named:
    """Tests that try an entry on some calls, named by file and function."""

    numbers: tuple[int, ...]
    calls: tuple[str, ...]
    test: str


HELPERS = ("grid", "sample", "orders_from_signals", "orders_from_weights")
PLAIN_VALUES = (*range(1, 7), *range(8, 31), *range(32, 36), *range(50, 64))
BATCH = "test_bad_batch_calls.py"
OPENING = ("open_journal", "inspect_journal")
BEGUN = ("Portfolio of a journal", "open_journal")
DAMAGE, SALVAGE = "test_journal_damage.py", "test_journal_salvage.py"
CORE = "crates/portfolio_core/tests/journal"
NAMED = [
    Named((80, 82), OPENING, f"{DAMAGE}::test_every_cut"),
    Named((81,), OPENING, f"{DAMAGE}::test_every_flipped_bit"),
    Named((83, 84), OPENING, f"{DAMAGE}::test_nothing_is_touched_when_it_is_refused"),
    Named((85,), OPENING, f"{SALVAGE}::test_a_snapshot_of_another_journal"),
    Named((86,), OPENING, f"{DAMAGE}::test_a_length_of_two_gigabytes"),
    Named((87,), OPENING, f"{SALVAGE}::test_two_journals_that_were_swapped"),
    Named((88,), OPENING, f"{SALVAGE}::test_a_snapshot_that_is_newer_than_its_journal"),
    Named((93,), BEGUN, "test_bad_journals.py::test_a_second_writer_is_locked_out"),
    Named((96,), BEGUN, "test_bad_journals.py::test_the_journal_stays_with_the_parent"),
    Named((90, 91, 92), BEGUN, f"{CORE}/faults.rs"),
    Named((31,), of(*GRIDDED), OF_ACCOUNT),
    Named(
        (7,),
        of("open_position", "close_position", "place_order"),
        "test_bad_inputs.py::test_values",
    ),
    Named((36,), of(*IDS, "charge_swap", "dividend", "split", "rollover"), OF_ACCOUNT),
    Named((37, 38, 39), of(*CLOSES), OF_ACCOUNT),
    Named((37,), of("cancel_order"), OF_ACCOUNT),
    Named((40,), of("open_position", "register_instrument"), OF_ACCOUNT),
    Named(
        (40,), of("mark", "update_equity", "process_bars"), "test_bad_bar_frames.py::test_frames"
    ),
    Named((42, 43), of(*OPENS, "modify_position"), OF_ACCOUNT),
    Named((44,), of(*OPENS, "modify_position"), STATES),
    Named((45,), of("open_position", "withdraw", "convert_cash"), OF_ACCOUNT),
    Named((46,), of("modify_position", "close_by"), OF_ACCOUNT),
    Named(
        (47,),
        of("open_position", "mark", "process_bar", "process_quotes", "split", "convert_cash"),
        OF_ACCOUNT,
    ),
    Named((48,), of(*CASH), OF_ACCOUNT),
    Named(
        tuple(range(64, 80)),
        of("apply"),
        "test_bad_event_frames.py::test_a_bad_frame_is_refused_with_its_place_and_leaves_nothing",
    ),
    Named(tuple(range(64, 80)), of("mark", "update_equity"), "test_bad_inputs.py::test_frames"),
    Named(
        tuple(range(64, 80)),
        of("process_bar", "process_bars"),
        "test_bad_bar_frames.py::test_frames",
    ),
    Named(PLAIN_VALUES, ("run_batch",), f"{BATCH}::test_an_argument_of_run_batch"),
    Named(PLAIN_VALUES, ("walk_forward",), f"{BATCH}::test_an_argument_of_walk_forward"),
    Named(PLAIN_VALUES, HELPERS, f"{BATCH}::test_an_argument_of_a_helper"),
    Named(
        PLAIN_VALUES,
        of("best", "plot", "portfolio", prefix="BatchResult"),
        f"{BATCH}::test_an_argument_of_a_result",
    ),
    Named(
        (14, 15, 33), ("BatchResult.report",), f"{BATCH}::test_a_report_of_no_run_writes_nothing"
    ),
    Named((33, 64, 67), HELPERS[2:], "test_batch_signal_errors.py::test_what_is_wrong_is_named"),
    Named(
        (80, 81, 82),
        ("BatchResult.open",),
        "test_batch_sink.py::test_a_folder_that_is_not_what_it_was_is_not_opened",
    ),
    Named((83, 84), ("BatchResult.open",), "test_batch_sink.py::test_another_version_is_refused"),
    Named(
        (85,), ("run_batch",), "test_batch_sink.py::test_the_results_of_another_batch_are_refused"
    ),
    Named(
        (93,), ("run_batch",), "test_batch_sink.py::test_two_batches_do_not_write_into_one_folder"
    ),
    Named(
        (89, 90, 91, 92),
        ("run_batch",),
        "test_batch_sink_faults.py::test_a_call_of_the_system_that_fails_at_any_turn",
    ),
    Named((94,), ("run_batch",), f"{BATCH}::test_a_batch_inside_the_progress_of_another"),
    Named((95,), ("run_batch",), f"{BATCH}::test_a_batch_inside_the_progress_of_another"),
    Named(
        (95,),
        of("mark", "process_bar", "process_bars", "process_quotes"),
        "test_bad_bar_frames.py::test_a_call_inside_the_reading_of_another_call",
    ),
    Named(
        (95,),
        of("apply"),
        "test_threads.py::test_a_producer_reads_and_writes_the_portfolio_that_reads_it",
    ),
    Named((96,), ("run_batch",), "test_batch_sink_faults.py::test_a_fork_writes_nothing"),
    Named(
        (98,),
        of("apply"),
        "test_interruption.py::test_a_long_frame_that_is_interrupted_leaves_no_trace",
    ),
    Named(
        (98,),
        ("run_batch",),
        "test_batch_stop.py::test_the_signal_of_ctrl_c_leaves_the_runs_of_this_moment",
    ),
    Named(
        (100,),
        ("BatchResult.open",),
        "test_batch_pickle.py::test_a_forged_pickle_never_ends_the_process",
    ),
]

SHARED = ("Portfolio.", "History.", "Envelope.", "Table.", "State.", "Metrics.")
TOGETHER = "test_bad_input_matrix.py::test_every_call_by_eight_threads_at_once"
FORKED = "test_bad_input_matrix.py::test_every_call_after_a_fork"
HUGE = "test_bad_input_matrix.py::test_more_memory_than_there_is"
CLOSED = "test_bad_input_matrix.py::test_every_call_after_close"
SIGNALLED = "test_bad_input_matrix.py::test_bars_that_are_interrupted_leave_no_trace"


def named() -> dict[tuple[str, int], str]:
    """Give the test of each cell that is tried by name; an envelope is two portfolios."""
    found: dict[tuple[str, int], str] = {}
    for call in all_calls():
        if call.name.startswith(SHARED):
            found |= {(call.name, 94): TOGETHER, (call.name, 96): FORKED}
        if call.name.startswith("Portfolio."):
            found[call.name, 97] = CLOSED
    for one in ("Portfolio", "Portfolio.compact", "Envelope"):
        found[one, 99] = HUGE
    found["Portfolio.process_bars", 98] = SIGNALLED
    found["Portfolio.apply", 99] = "crates/portfolio_core/tests/memory.rs"
    for one in NAMED:
        for call_name in one.calls:
            for number in one.numbers:
                found.setdefault((call_name, number), one.test)
    sides = "test_envelope.py::test_every_call_reaches_both_sides"
    both = {call.name for call in all_calls() if call.name.startswith("Envelope.")}
    for (call_name, number), _ in list(found.items()):
        twin = call_name.replace("Portfolio.", "Envelope.")
        if call_name.startswith("Portfolio.") and twin in both:
            found.setdefault((twin, number), sides)
    return found


@dataclass(frozen=True)
class Cell:
    """What became of an entry on a call: how many values here, the test, or the reason."""

    call: str
    number: int
    here: int = 0
    test: str = ""
    reason: str = ""


def tried_here(call: Call) -> dict[int, int]:
    """Count the values of each entry that the arguments of a call are tried with."""
    counts: dict[int, int] = {}
    for _, kind, _ in call.slots():
        for one in values(kind):
            counts[one.number] = counts.get(one.number, 0) + 1
    return counts


@cache
def cells() -> list[Cell]:
    """Give the whole matrix."""
    tests = named()
    found = []
    for call in all_calls():
        here = tried_here(call)
        for number, (_, reason) in ENTRIES.items():
            test = tests.get((call.name, number), "")
            fits = number in here or test
            found.append(Cell(call.name, number, here.get(number, 0), test, "" if fits else reason))
    return found
