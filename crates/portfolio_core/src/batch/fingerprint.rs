//! What decides the results of a batch, as one hash: whoever goes on with work that was cut off
//! must know that it is the same work.
//!
//! Values are hashed, not buffers: how a frame is cut into chunks and of which types its columns
//! are does not matter. Each number is written so that it ends by itself, each text with its length
//! before it, and whatever may be missing with a byte that says so; two different batches never
//! write the same bytes.

use std::collections::TryReserveError;

use blake2::Digest;

use super::bars::BarTable;
use super::orders::{Action, LevelGiven, OrderRow, OrderTable, OrderType, RunRows, SizeRule};
use super::params::ParamTable;
use super::plan::{Batch, Settings};
use super::{Fill, Overrides};
use crate::codec::{Bytes, Encoder};
use crate::currency::Currency;
use crate::event::{Path, Side};
use crate::eventlog::Hasher;
use crate::history::Resample;
use crate::instrument::Instrument;
use crate::ledger::{Mode, OffGrid, terms_bytes};
use crate::metrics::Options;
use crate::numbers::{Money, Price, Size};
use crate::refusal::Refusal;
use crate::terms::{Commission, Slippage, Swap, Terms};

/// So many bytes are hashed at once.
const CHUNK: usize = 1 << 16;
/// The most bytes of a record without its texts and lists.
const RECORD: usize = 1 << 10;
/// The most bytes of a number.
const NUMBER: usize = 19;

impl Batch {
    /// BLAKE2b-256 over bars, orders, runs, settings and the version of this library, as hex.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    pub fn fingerprint(&self) -> Result<String, Refusal> {
        let mut sink = Sink::default();
        sink.text(concat!("omega_portfolio batch ", env!("CARGO_PKG_VERSION")))?;
        sink.settings(self.settings())?;
        sink.bars(self.bars())?;
        sink.orders(self.orders())?;
        sink.runs(self.orders().runs())?;
        sink.params(self.params())?;
        Ok(sink.finish())
    }
}

/// Canonical bytes on their way into the hash.
#[derive(Default)]
struct Sink {
    bytes: Bytes,
    hasher: Hasher,
}

impl Sink {
    /// Writes a record of at most so many bytes.
    fn put(
        &mut self,
        most: usize,
        write: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<(), TryReserveError> {
        if !self.bytes.has_room(most) {
            self.flush();
            self.bytes.reserve(most.max(CHUNK))?;
        }
        self.bytes.append(write);
        Ok(())
    }

    fn flush(&mut self) {
        self.hasher.update(self.bytes.as_slice());
        self.bytes.truncate(0);
    }

    fn finish(mut self) -> String {
        self.flush();
        let hash = self.hasher.finalize();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
    }

    fn text(&mut self, text: &str) -> Result<(), TryReserveError> {
        self.put(text.len().saturating_add(NUMBER), |encoder| encoder.text(text))
    }

    fn count(&mut self, count: usize) -> Result<(), TryReserveError> {
        self.put(NUMBER, |encoder| encoder.count(count))
    }

    /// Bytes that were made elsewhere.
    fn part(&mut self, part: &[u8]) -> Result<(), TryReserveError> {
        self.count(part.len())?;
        self.flush();
        self.hasher.update(part);
        Ok(())
    }

    fn settings(&mut self, settings: &Settings) -> Result<(), TryReserveError> {
        self.part(&settings.configuration.canonical_bytes()?)?;
        // Left out of the canonical bytes, because events come after it has been applied.
        let round = settings.configuration.off_grid == OffGrid::Round;
        self.put(1, |encoder| encoder.byte(u8::from(round)))?;
        self.count(settings.instruments.len())?;
        settings.instruments.iter().try_for_each(|instrument| self.instrument(instrument))?;
        let costs = &settings.costs;
        self.models(costs.commission.as_ref(), costs.slippage.as_ref(), costs.swap.as_ref())?;
        self.put(1, |encoder| encoder.byte(fill_byte(settings.fill)))?;
        self.metrics(&settings.metrics)
    }

    fn instrument(&mut self, instrument: &Instrument) -> Result<(), TryReserveError> {
        self.text(&instrument.symbol)?;
        self.put(RECORD, |encoder| {
            encoder.small(u64::from(instrument.price_decimals));
            encoder.small(u64::from(instrument.size_decimals));
            encoder.natural(instrument.contract.raw());
            encoder.text(instrument.quote_currency.as_ref().map_or("", Currency::code));
            optional(encoder, instrument.leverage, Encoder::signed);
        })?;
        self.part(&terms_bytes(instrument)?)
    }

    /// Models of costs, as an instrument that has nothing else writes them.
    fn models(
        &mut self,
        commission: Option<&Commission>,
        slippage: Option<&Slippage>,
        swap: Option<&Swap>,
    ) -> Result<(), TryReserveError> {
        let terms = Terms {
            commission: commission.cloned(),
            slippage: slippage.copied(),
            swap: swap.cloned(),
            ..Terms::default()
        };
        let carrier = Instrument { terms: Some(Box::new(terms)), ..Instrument::default_for("") };
        self.part(&terms_bytes(&carrier)?)
    }

    fn metrics(&mut self, options: &Options) -> Result<(), TryReserveError> {
        let trials = options.trials.as_deref();
        let double = |encoder: &mut Encoder<'_>, value: f64| encoder.small(value.to_bits());
        self.put(RECORD, |encoder| {
            double(encoder, options.periods_per_year);
            double(encoder, options.risk_free_rate);
            optional(encoder, options.minimum_return, double);
            double(encoder, options.confidence);
            encoder.byte(resample_byte(options.resample));
            optional(encoder, trials.map(<[f64]>::len), Encoder::count);
        })?;
        let mut trials = trials.unwrap_or_default().iter();
        trials.try_for_each(|&trial| self.put(NUMBER, |encoder| double(encoder, trial)))
    }

    fn bars(&mut self, bars: &BarTable) -> Result<(), TryReserveError> {
        self.count(bars.symbols.len())?;
        bars.symbols.iter().try_for_each(|symbol| self.text(symbol))?;
        self.count(bars.moments.len())?;
        let mut before = 0;
        for (moment, &time) in bars.moments.iter().enumerate() {
            let rows = bars.rows(moment);
            self.put(RECORD, |encoder| {
                encoder.difference(time, before);
                encoder.count(rows.len());
            })?;
            before = time;
            rows.into_iter().try_for_each(|row| self.bar(bars, row))?;
        }
        Ok(())
    }

    fn bar(&mut self, bars: &BarTable, row: usize) -> Result<(), TryReserveError> {
        let symbol = bars.symbol.get(row).copied().unwrap_or(u32::MAX);
        let columns = [&bars.open, &bars.high, &bars.low, &bars.close, &bars.spread];
        self.put(RECORD, |encoder| {
            encoder.small(u64::from(symbol));
            for column in columns {
                encoder.signed(column.raw(row).unwrap_or(0));
            }
        })
    }

    fn orders(&mut self, orders: &OrderTable) -> Result<(), TryReserveError> {
        self.count(orders.len())?;
        (0..orders.len()).try_for_each(|place| self.order(&orders.row(place)))
    }

    fn order(&mut self, row: &OrderRow<'_>) -> Result<(), TryReserveError> {
        let texts = row.oco.len().saturating_add(row.tag.len());
        let targets = row.targets.len().saturating_mul(2 * NUMBER);
        let most = RECORD.saturating_add(texts).saturating_add(targets);
        self.put(most, |encoder| put_order(encoder, row))
    }

    /// Which rows belong together.
    fn runs(&mut self, runs: &[RunRows]) -> Result<(), TryReserveError> {
        self.count(runs.len())?;
        runs.iter().try_for_each(|run| {
            self.put(RECORD, |encoder| {
                optional(encoder, run.run_id.map(u64::from), Encoder::small);
                encoder.count(run.places.start);
                encoder.count(run.places.end);
            })
        })
    }

    fn params(&mut self, params: Option<&ParamTable>) -> Result<(), TryReserveError> {
        self.put(1, |encoder| encoder.byte(u8::from(params.is_some())))?;
        let Some(params) = params else { return Ok(()) };
        self.count(params.len())?;
        let mut rows = params.run_ids().iter().enumerate();
        rows.try_for_each(|(row, &run_id)| self.param(run_id, &params.overrides(row)))
    }

    fn param(&mut self, run_id: u32, overrides: &Overrides) -> Result<(), TryReserveError> {
        let costs = overrides.commission.is_some() || overrides.slippage.is_some();
        self.put(RECORD, |encoder| {
            encoder.small(u64::from(run_id));
            put_overrides(encoder, overrides);
            encoder.byte(u8::from(costs));
        })?;
        let (commission, slippage) = (overrides.commission.as_ref(), overrides.slippage.as_ref());
        if costs { self.models(commission, slippage, None) } else { Ok(()) }
    }
}

/// A byte that says whether there is something, then what there is.
fn optional<'a, V>(
    encoder: &mut Encoder<'a>,
    value: Option<V>,
    write: impl FnOnce(&mut Encoder<'a>, V),
) {
    encoder.byte(u8::from(value.is_some()));
    if let Some(value) = value {
        write(encoder, value);
    }
}

fn price(encoder: &mut Encoder<'_>, price: Price) {
    encoder.signed(price.raw());
}

fn size(encoder: &mut Encoder<'_>, size: Size) {
    encoder.signed(size.raw());
}

fn time(encoder: &mut Encoder<'_>, time: i64) {
    encoder.signed(i128::from(time));
}

fn level(encoder: &mut Encoder<'_>, level: LevelGiven) {
    match level {
        LevelGiven::Nothing => encoder.byte(0),
        LevelGiven::Price(at) => {
            encoder.byte(1);
            price(encoder, at);
        }
        LevelGiven::Distance(away) => {
            encoder.byte(2);
            price(encoder, away);
        }
        LevelGiven::Rate(rate) => {
            encoder.byte(3);
            encoder.signed(rate);
        }
        LevelGiven::Twice(column) => {
            encoder.byte(4);
            encoder.text(column);
        }
    }
}

fn put_order(encoder: &mut Encoder<'_>, row: &OrderRow<'_>) {
    encoder.small(row.row);
    time(encoder, row.time);
    encoder.small(u64::from(row.symbol));
    encoder.byte(match row.action {
        Action::Open => 0,
        Action::Close => 1,
        Action::Modify => 2,
        Action::Cancel => 3,
        Action::Target => 4,
    });
    optional(encoder, row.side, put_side);
    optional(encoder, row.size, size);
    encoder.byte(rule_byte(row.rule));
    encoder.byte(match row.kind {
        OrderType::Market => 0,
        OrderType::Limit => 1,
        OrderType::Stop => 2,
    });
    optional(encoder, row.price, price);
    for given in [row.stop_loss, row.take_profit, row.trailing] {
        level(encoder, given);
    }
    optional(encoder, row.break_even, price);
    optional(encoder, row.break_even_offset, price);
    encoder.count(row.targets.len());
    for target in row.targets {
        price(encoder, target.price);
        size(encoder, target.size);
    }
    optional(encoder, row.exit_time, time);
    optional(encoder, row.expiry, time);
    encoder.text(row.oco);
    encoder.text(row.tag);
    encoder.byte(u8::from(row.if_flat));
}

/// All but the costs, which have no greatest length.
fn put_overrides(encoder: &mut Encoder<'_>, overrides: &Overrides) {
    optional(encoder, overrides.size, size);
    optional(encoder, overrides.rule, |encoder, rule| encoder.byte(rule_byte(rule)));
    optional(encoder, overrides.side, put_side);
    level(encoder, overrides.stop_loss);
    level(encoder, overrides.take_profit);
    level(encoder, overrides.trailing);
    optional(encoder, overrides.break_even, price);
    optional(encoder, overrides.break_even_offset, price);
    optional(encoder, overrides.initial_balance.map(Money::raw), Encoder::signed);
    optional(encoder, overrides.leverage, Encoder::signed);
    optional(encoder, overrides.mode, |encoder, mode| {
        encoder.byte(u8::from(mode == Mode::Netting));
    });
    optional(encoder, overrides.path.map(Path::byte), Encoder::byte);
    optional(encoder, overrides.fill.map(fill_byte), Encoder::byte);
    optional(encoder, overrides.margin_call, Encoder::signed);
    optional(encoder, overrides.stop_out, Encoder::signed);
}

fn put_side(encoder: &mut Encoder<'_>, side: Side) {
    encoder.byte(u8::from(side == Side::Short));
}

const fn rule_byte(rule: SizeRule) -> u8 {
    match rule {
        SizeRule::Units => 0,
        SizeRule::Value => 1,
        SizeRule::Equity => 2,
        SizeRule::Risk => 3,
    }
}

const fn fill_byte(fill: Fill) -> u8 {
    match fill {
        Fill::NextOpen => 0,
        Fill::Close => 1,
    }
}

const fn resample_byte(resample: Resample) -> u8 {
    match resample {
        Resample::None => 0,
        Resample::Hour => 1,
        Resample::Day => 2,
        Resample::Week => 3,
        Resample::Month => 4,
    }
}
