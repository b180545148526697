"""The Python backend: the account of ``SPEC.md`` in plain integers, written to be proof-read.

It is the fallback where the compiled engine cannot be loaded, and the reference it is tested
against; it shares no code with it. Read in this order:

- :mod:`~omega_portfolio.oracle.numbers`, :mod:`~omega_portfolio.oracle.times`,
  :mod:`~omega_portfolio.oracle.texts`, :mod:`~omega_portfolio.oracle.instruments`,
  :mod:`~omega_portfolio.oracle.terms`, :mod:`~omega_portfolio.oracle.term_reading`: what enters,
- :mod:`~omega_portfolio.oracle.events`, :mod:`~omega_portfolio.oracle.rules`,
  :mod:`~omega_portfolio.oracle.ledger`: the events, the refusals, and the one door,
- :mod:`~omega_portfolio.oracle.book`, :mod:`~omega_portfolio.oracle.rates`,
  :mod:`~omega_portfolio.oracle.models`, :mod:`~omega_portfolio.oracle.calendar`: what is held,
  what it is worth, and what it costs,
- :mod:`~omega_portfolio.oracle.account`, :mod:`~omega_portfolio.oracle.marks`,
  :mod:`~omega_portfolio.oracle.costs`, :mod:`~omega_portfolio.oracle.fills`,
  :mod:`~omega_portfolio.oracle.flows`, :mod:`~omega_portfolio.oracle.corporate`,
  :mod:`~omega_portfolio.oracle.cashbook`: the ledger, layer by layer, and
  :mod:`~omega_portfolio.oracle.checkpoint`, the way back,
- :mod:`~omega_portfolio.oracle.protection`, :mod:`~omega_portfolio.oracle.orders`,
  :mod:`~omega_portfolio.oracle.executions`, :mod:`~omega_portfolio.oracle.bars`,
  :mod:`~omega_portfolio.oracle.bar_walk`, :mod:`~omega_portfolio.oracle.stop_out`: orders, and
  what prices reach,
- :mod:`~omega_portfolio.oracle.frames`, :mod:`~omega_portfolio.oracle.prices`,
  :mod:`~omega_portfolio.oracle.frame_columns`, :mod:`~omega_portfolio.oracle.frame_rows`,
  :mod:`~omega_portfolio.oracle.apply`: what enters by the table,
- :mod:`~omega_portfolio.oracle.codec`, :mod:`~omega_portfolio.oracle.digest`,
  :mod:`~omega_portfolio.oracle.replay`, :mod:`~omega_portfolio.oracle.invariants`: the proof,
- :mod:`~omega_portfolio.oracle.crc32c`, :mod:`~omega_portfolio.oracle.image`,
  :mod:`~omega_portfolio.oracle.journal_format`, :mod:`~omega_portfolio.oracle.journal_scan`,
  :mod:`~omega_portfolio.oracle.journal_recover`, :mod:`~omega_portfolio.oracle.journal_disk`,
  :mod:`~omega_portfolio.oracle.journal_pace`, :mod:`~omega_portfolio.oracle.journal_writer`,
  :mod:`~omega_portfolio.oracle.snapshots`, :mod:`~omega_portfolio.oracle.salvage`,
  :mod:`~omega_portfolio.oracle.journal_open`, :mod:`~omega_portfolio.oracle.durable`: what is kept
  on a disk, and read again,
- :mod:`~omega_portfolio.oracle.schema`, :mod:`~omega_portfolio.oracle.tables`,
  :mod:`~omega_portfolio.oracle.state`, :mod:`~omega_portfolio.oracle.attribution`,
  :mod:`~omega_portfolio.oracle.event_frame`, :mod:`~omega_portfolio.oracle.turns`,
  :mod:`~omega_portfolio.oracle.portfolio`: what comes out, the lock, and the public class,
- :mod:`~omega_portfolio.oracle.metric_record`, :mod:`~omega_portfolio.oracle.metric_curve`,
  :mod:`~omega_portfolio.oracle.metric_numbers`, and then the groups of
  :mod:`~omega_portfolio.oracle.metric_catalogue`: the metrics,
- :mod:`~omega_portfolio.oracle.metric_frames`, :mod:`~omega_portfolio.oracle.history`: metrics of
  a history that does not come from a portfolio,
- :mod:`~omega_portfolio.oracle.batch`: many accounts over the same bars.
"""

from __future__ import annotations

from omega_portfolio.oracle.history import HistoryPython
from omega_portfolio.oracle.portfolio import PortfolioPython

__all__ = ["HistoryPython", "PortfolioPython"]
