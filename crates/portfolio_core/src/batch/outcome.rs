//! What is kept of a run, whoever computed it: plain columns, without a ledger (rule R10).

use std::borrow::Cow;
use std::fmt;

use arrow_buffer::ScalarBuffer;
use hashbrown::HashMap;

use super::bars::BarTable;
use crate::event::Side;
use crate::metrics::Metrics;
use crate::numbers::{Money, fixed9_to_f64, fixed18_to_f64};
use crate::refusal::{Code, Refusal};

/// Which rows of the equity history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Record {
    /// The last one of each moment.
    #[default]
    Bar,
    /// That of the last moment of each UTC day.
    Day,
    /// None.
    None,
}

/// Which columns of the equity history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EquityColumns {
    /// Time and equity.
    #[default]
    Equity,
    /// Balance, unrealized result, margin and exposures, too.
    All,
}

/// What is kept of the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by its own name")]
pub struct Keep {
    /// Rows of the equity history.
    pub record: Record,
    /// Its columns.
    pub equity_columns: EquityColumns,
    /// Whether trades are kept.
    pub trades: bool,
    /// Whether metrics are computed.
    pub metrics: bool,
    /// Whether numbers are kept as decimals, and not as the doubles nearest to them.
    pub exact: bool,
    /// Whether each run's digest is computed.
    pub digest: bool,
    /// Whether the first rejected row ends everything (want of margin does not).
    pub stop_at_rejected: bool,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            record: Record::Bar,
            equity_columns: EquityColumns::Equity,
            trades: true,
            metrics: true,
            exact: false,
            digest: false,
            stop_at_rejected: false,
        }
    }
}

/// The numbers of a column in one of their two forms.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// The doubles nearest to them.
    Float(Vec<f64>),
    /// Raw units at the scale of the column.
    Exact(Vec<i128>),
}

impl Numbers {
    /// No numbers yet.
    #[must_use]
    pub const fn new(exact: bool) -> Self {
        if exact { Self::Exact(Vec::new()) } else { Self::Float(Vec::new()) }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Exact(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Columns of one form behind each other; a single one stays where it is.
    ///
    /// # Panics
    /// When one has another form: a bug of the caller.
    pub(super) fn joined(exact: bool, rows: usize, mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let mut all = if exact {
            Self::Exact(Vec::with_capacity(rows))
        } else {
            Self::Float(Vec::with_capacity(rows))
        };
        for part in parts {
            match (&mut all, part) {
                (Self::Float(values), Self::Float(more)) => values.extend_from_slice(&more),
                (Self::Exact(values), Self::Exact(more)) => values.extend_from_slice(&more),
                (_, part) => assert!(part.is_empty(), "{} numbers of another form", part.len()),
            }
        }
        all
    }

    /// Appends an amount of money.
    pub fn push_money(&mut self, raw: i128) {
        match self {
            Self::Float(values) => values.push(fixed18_to_f64(raw)),
            Self::Exact(values) => values.push(raw),
        }
    }

    /// Appends a price or a size.
    pub fn push_fixed9(&mut self, raw: i128) {
        match self {
            Self::Float(values) => values.push(fixed9_to_f64(raw)),
            Self::Exact(values) => values.push(raw),
        }
    }

    /// Appends numbers of the same form; without a copy when there are none yet.
    ///
    /// # Panics
    /// When they have another form: a bug of the caller.
    pub(super) fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Float(values), Self::Float(more)) => append(values, more),
            (Self::Exact(values), Self::Exact(more)) => append(values, more),
            (values, more) => assert!(
                more.is_empty(),
                "{} numbers of another form behind {}",
                more.len(),
                values.len()
            ),
        }
    }
}

/// Appends values; without a copy when there are none yet.
pub(super) fn append<T>(values: &mut Vec<T>, mut more: Vec<T>) {
    if values.is_empty() {
        *values = more;
    } else {
        values.append(&mut more);
    }
}

/// The number columns of the trades, in their order.
pub const TRADE_NUMBERS: [&str; 15] = [
    "size",
    "entry_price",
    "exit_price",
    "gross_pnl",
    "entry_fee",
    "exit_fee",
    "swap",
    "net_pnl",
    "cost",
    "mae",
    "mfe",
    "fx_pnl",
    "slippage",
    "stop_loss",
    "take_profit",
];

/// The trades of a run, column by column.
#[derive(Debug, Clone)]
pub struct TradeColumns {
    /// Number of the trade, from 1.
    pub trade_id: Vec<u64>,
    /// The position it was a part of.
    pub position_id: Vec<u64>,
    /// Symbols, as places in `words`.
    pub symbol: Vec<u32>,
    /// Sides.
    pub side: Vec<Side>,
    /// When the position was opened.
    pub entry_time: Vec<i64>,
    /// When it was closed.
    pub exit_time: Vec<i64>,
    /// The numbers, in the order of [`TRADE_NUMBERS`].
    pub numbers: [Numbers; 15],
    /// Tags, as places in `words`.
    pub tag: Vec<u32>,
    /// Reasons, as places in `words`.
    pub reason: Vec<u32>,
    /// The texts.
    pub words: Words,
}

impl TradeColumns {
    /// No trades yet.
    #[must_use]
    pub fn new(exact: bool) -> Self {
        Self {
            trade_id: Vec::new(),
            position_id: Vec::new(),
            symbol: Vec::new(),
            side: Vec::new(),
            entry_time: Vec::new(),
            exit_time: Vec::new(),
            numbers: std::array::from_fn(|_| Numbers::new(exact)),
            tag: Vec::new(),
            reason: Vec::new(),
            words: Words::default(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trade_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trade_id.is_empty()
    }
}

/// Texts, each once.
#[derive(Debug, Clone, Default)]
pub struct Words {
    texts: Vec<String>,
    known: HashMap<String, u32>,
}

impl Words {
    /// The place of a text, which is stored when it is a new one.
    pub fn place(&mut self, text: &str) -> u32 {
        if let Some(&place) = self.known.get(text) {
            return place;
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.known.insert(text.to_owned(), place);
        place
    }

    /// The texts by place.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

/// What a run is in the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FinalState {
    /// Whether a bar or a quote was refused, which ended it.
    pub failed: bool,
    /// Accepted events.
    pub event_count: u64,
    /// Trades.
    pub trade_count: u64,
    /// Open positions.
    pub open_count: u64,
    /// Resting orders.
    pub order_count: u64,
    /// Bars in which the order of things was not known.
    pub ambiguous_count: u64,
    /// Cash.
    pub balance: Money,
    /// Balance + unrealized.
    pub equity: Money,
    /// The open positions' result at the marks.
    pub unrealized: Money,
    /// Gross results of all closes.
    pub realized: Money,
    /// Margin bound by the open positions.
    pub margin_used: Money,
    /// Equity - margin used.
    pub free_margin: Money,
    /// Percent; nothing without margin.
    pub margin_level: Option<Money>,
    /// The digest, when it was asked for.
    pub digest: Option<String>,
}

/// A row that was not carried out, or whose order is gone for want of margin; or, without a row,
/// the bar or quote that ended the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// Its row in the frame.
    pub row: Option<u64>,
    /// When.
    pub time: i64,
    /// A place in the symbols of the bars.
    pub symbol: Option<u32>,
    /// What the row asks for, "" without one.
    pub action: &'static str,
    /// The code of the refusal.
    pub code: Code,
    /// The argument at fault.
    pub argument: &'static str,
    /// The value at fault.
    pub value: String,
    /// The rule that it breaks.
    pub rule: Cow<'static, str>,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether the account had not the margin for an order that was in order.
    pub for_margin: bool,
}

impl Rejected {
    /// What was refused outside of any row.
    pub(super) fn of_run(time: i64, refusal: &Refusal) -> Self {
        Self {
            row: None,
            time,
            symbol: None,
            action: "",
            code: refusal.code(),
            argument: refusal.argument(),
            value: refusal.value(),
            rule: refusal.rule(),
            remedy: refusal.remedy(),
            for_margin: false,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { argument, value, rule, remedy, .. } = self;
        write!(formatter, "[{}] {argument}={value}: {rule}; {remedy}", self.code.number())
    }
}

/// A run that was carried out.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its number.
    pub run_id: u32,
    /// Its columns of the equity history, with a row for each moment of [`Recorded`]; without a
    /// column when none is kept, or when it has failed.
    pub equity: Vec<Numbers>,
    /// Its trades, unless none are kept or it has failed.
    pub trades: Option<TradeColumns>,
    /// Its metrics, likewise.
    pub metrics: Option<Metrics>,
    /// What it is in the end.
    pub last: FinalState,
    /// What was rejected, in the order in which it happened.
    pub rejected: Vec<Rejected>,
}

/// The moments whose equity is kept: the same ones for all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Their places among the moments of the bars; nothing for all of them.
    pub moments: Option<Vec<usize>>,
    /// Their times.
    pub times: ScalarBuffer<i64>,
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl Recorded {
    /// The moments of some bars that a record keeps.
    #[must_use]
    pub fn of(bars: &BarTable, record: Record) -> Self {
        let day = |time: i64| time.div_euclid(DAY);
        match record {
            Record::Bar => Self { moments: None, times: bars.moments.clone() },
            Record::None => {
                Self { moments: Some(Vec::new()), times: ScalarBuffer::from(Vec::new()) }
            }
            Record::Day => {
                let next = bars.moments.iter().skip(1).map(|&time| Some(day(time)));
                let days = bars.moments.iter().zip(next.chain([None]));
                let last = |(place, (&time, next)): (usize, (&i64, Option<i64>))| {
                    (next != Some(day(time))).then_some((place, time))
                };
                let (moments, times): (_, Vec<i64>) = days.enumerate().filter_map(last).unzip();
                Self { moments: Some(moments), times: times.into() }
            }
        }
    }
}
