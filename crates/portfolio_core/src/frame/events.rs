//! All accepted events as a frame, from their recorded bytes (rule E10).

use std::fmt::Write;

use arrow_schema::ArrowError;

use super::event_columns::{EventRows, at};
use super::words::{ORDER_TYPES, OrderType, SWAP_KINDS, word_of};
use crate::codec::Decoder;
use crate::columns::schema::View;
use crate::event::{
    Bar, Change, Event, Modify, Open, OrderKind, Path, PlaceOrder, Protection, Quote, Target,
};
use crate::export::TableSnapshot;
use crate::instrument::Instrument;
use crate::ledger::decode::{QuotesKind, Recorded, RecordedEvents};
use crate::ledger::{Ledger, terms_bytes};
use crate::numbers::{Money, Price};

impl Ledger {
    /// All accepted events in order. Applied to a fresh ledger of the same configuration they give
    /// the same digest (in the exact view).
    ///
    /// # Errors
    /// When the recorded bytes are damaged, or the columns contradict their schema: bugs.
    pub fn events_table(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        self.tell(view, |_, _| true)
    }

    /// The one event whose recorded bytes have this place in them, all events together; no row
    /// when there are not so many bytes.
    ///
    /// # Errors
    /// As [`Ledger::events_table`].
    pub fn event_at(&self, place: usize, view: View) -> Result<TableSnapshot, ArrowError> {
        self.tell(view, |start, end| (start..end).contains(&place))
    }

    /// The events of which the bytes are wanted, from where they start to where they end.
    fn tell(
        &self,
        view: View,
        wants: impl Fn(usize, usize) -> bool,
    ) -> Result<TableSnapshot, ArrowError> {
        let mut rows = EventRows::new(view);
        let mut start = 0_usize;
        let (mut events, mut number, mut time) = (RecordedEvents::alone(), 0_u64, 0_i64);
        let symbols = std::cell::OnceCell::new();
        let symbol_of = |id| symbols.get_or_init(|| self.position_symbols()).get(&id).copied();
        for chunk in self.event_chunks() {
            let mut decoder = Decoder(chunk);
            while !decoder.is_empty() {
                number = number.wrapping_add(1);
                let damaged = |_| {
                    ArrowError::ComputeError(format!("the bytes of event {number} are damaged"))
                };
                let before = decoder.0.len();
                let recorded = events.next(&mut decoder, time, &symbol_of).map_err(damaged)?;
                let end = start.saturating_add(before.saturating_sub(decoder.0.len()));
                time = if wants(start, end) {
                    rows.put(number, &recorded)?.unwrap_or(time)
                } else {
                    time_of(&recorded).unwrap_or(time)
                };
                start = end;
            }
        }
        rows.finish(view)
    }
}

/// The time of an event, if it has one.
fn time_of(recorded: &Recorded<'_>) -> Option<i64> {
    match recorded {
        Recorded::Event(event) => event.time(0),
        Recorded::Bars { time, .. } | Recorded::Quotes { time, .. } => Some(*time),
    }
}

impl EventRows {
    /// Puts the rows of an event and answers its time.
    fn put(&mut self, number: u64, recorded: &Recorded<'_>) -> Result<Option<i64>, ArrowError> {
        match recorded {
            Recorded::Event(event) => self.put_event(number, event),
            Recorded::Bars { time, path, bars } => {
                let path = word_of(&Path::WORDS, path);
                if bars.is_empty() {
                    self.start(number, "bar", Some(*time));
                    self.text(at::PATH, path);
                }
                for Bar { symbol, open, high, low, close, spread } in bars {
                    self.start(number, "bar", Some(*time));
                    self.text(at::SYMBOL, symbol);
                    self.price(at::OPEN, *open);
                    self.price(at::HIGH, *high);
                    self.price(at::LOW, *low);
                    self.price(at::CLOSE, *close);
                    self.price(at::SPREAD, *spread);
                    self.text(at::PATH, path);
                }
                Ok(Some(*time))
            }
            Recorded::Quotes { kind, time, quotes } => {
                let action = match kind {
                    QuotesKind::Mark => "mark",
                    QuotesKind::Update => "update",
                    QuotesKind::Process => "quotes",
                };
                if quotes.is_empty() {
                    self.start(number, action, Some(*time));
                }
                for Quote { symbol, bid, ask } in quotes {
                    self.start(number, action, Some(*time));
                    self.text(at::SYMBOL, symbol);
                    self.price(at::BID, *bid);
                    self.price(at::ASK, *ask);
                }
                Ok(Some(*time))
            }
        }
    }

    /// Puts the row of an event without quotes and bars.
    fn put_event(&mut self, number: u64, event: &Event<'_>) -> Result<Option<i64>, ArrowError> {
        // Recorded events have their times, marks and bars included.
        let time = event.time(0);
        self.start(number, action_of(event), time);
        match event {
            Event::RegisterInstrument(instrument) => self.register(instrument)?,
            Event::Open(open) => self.open(open),
            Event::Close(close) => {
                self.count(at::POSITION_ID, close.position_id);
                self.size(close.size);
                self.price(at::PRICE, close.price);
                self.money(at::FEE, close.fee.unwrap_or(Money::ZERO));
                self.text(at::REASON, close.reason);
            }
            Event::Modify(modify) => self.modify(modify),
            Event::PlaceOrder(order) => self.order(order),
            Event::CancelOrder(cancel) => self.count(at::ORDER_ID, cancel.order_id),
            Event::Fee(fee) => {
                self.money(at::FEE, fee.amount);
                self.some_count(at::POSITION_ID, fee.position_id);
            }
            Event::Deposit(cash) | Event::Withdraw(cash) => {
                self.money(at::AMOUNT, cash.amount);
                if let Some(currency) = &cash.currency {
                    self.text(at::CURRENCY, currency.code());
                }
            }
            Event::CloseBy(close) => {
                self.count(at::POSITION_ID, close.position_id);
                self.count(at::OTHER_ID, close.other_id);
                self.size(close.size);
                self.money(at::FEE, close.fee.unwrap_or(Money::ZERO));
            }
            Event::Convert(convert) => {
                self.money(at::AMOUNT, convert.amount);
                self.text(at::FROM_CURRENCY, convert.from.code());
                self.text(at::TO_CURRENCY, convert.to.code());
                if let Some(rate) = convert.rate {
                    self.money(at::RATE, rate);
                }
            }
            Event::ChargeSwap(swap) => {
                self.text(at::SYMBOL, swap.symbol);
                self.text(at::KIND, word_of(&SWAP_KINDS, &swap.kind));
                self.raw(at::LONG, swap.long);
                self.raw(at::SHORT, swap.short);
                self.count(at::MULTIPLIER, u64::from(swap.multiplier));
            }
            Event::Rollover(rollover) => self.text(at::SYMBOL, rollover.symbol),
            Event::Dividend(dividend) => {
                self.text(at::SYMBOL, dividend.symbol);
                self.price(at::PRICE, dividend.amount);
                self.some_time(at::PAY_TIME, dividend.pay_time);
            }
            Event::Split(split) => {
                self.text(at::SYMBOL, split.symbol);
                self.count(at::NUMERATOR, u64::from(split.numerator));
                self.count(at::DENOMINATOR, u64::from(split.denominator));
            }
            Event::Mark(_) | Event::UpdateEquity(_) | Event::Quotes(_) | Event::Bar(_) => {}
        }
        Ok(time)
    }

    fn open(&mut self, open: &Open<'_>) {
        self.text(at::SYMBOL, open.symbol);
        self.text(at::SIDE, open.side.name());
        self.size(Some(open.size));
        self.price(at::PRICE, open.price);
        self.some_price(at::STOP_LOSS, open.stop_loss);
        self.some_price(at::TAKE_PROFIT, open.take_profit);
        // A fill of a netting account that opened no position has no id.
        self.some_count(at::POSITION_ID, open.position_id.filter(|&id| id != 0));
        self.money(at::FEE, open.fee.unwrap_or(Money::ZERO));
        self.text(at::TAG, open.tag);
        self.protection(&open.protection);
    }

    fn order(&mut self, order: &PlaceOrder<'_>) {
        self.text(at::SYMBOL, order.symbol);
        self.text(at::SIDE, order.side.name());
        self.size(Some(order.size));
        let (order_type, price) = match order.kind {
            OrderKind::Market => (OrderType::Market, None),
            OrderKind::Limit(price) => (OrderType::Limit, Some(price)),
            OrderKind::Stop(price) => (OrderType::Stop, Some(price)),
        };
        self.some_price(at::PRICE, price);
        self.text(at::TYPE, word_of(&ORDER_TYPES, &order_type));
        self.some_time(at::EXPIRY, order.expiry);
        self.some_price(at::STOP_LOSS, order.stop_loss);
        self.some_price(at::TAKE_PROFIT, order.take_profit);
        for (place, text) in [(at::TAG, order.tag), (at::OCO, order.oco)] {
            if !text.is_empty() {
                self.text(place, text);
            }
        }
        self.protection(&order.protection);
    }

    fn protection(&mut self, protection: &Protection<'_>) {
        if protection.is_none() {
            return;
        }
        self.some_price(at::TRAILING, protection.trailing);
        if let Some(even) = protection.break_even {
            self.price(at::BREAK_EVEN, even.trigger);
            self.price(at::BREAK_EVEN_OFFSET, even.offset);
        }
        if !protection.targets.is_empty() {
            self.text(at::TARGETS, &text_of(protection.targets));
        }
        self.some_time(at::EXIT_TIME, protection.exit_time);
    }

    /// What is removed is 0 or "".
    fn modify(&mut self, modify: &Modify<'_>) {
        self.count(at::POSITION_ID, modify.position_id);
        let levels = [
            (at::STOP_LOSS, modify.stop_loss),
            (at::TAKE_PROFIT, modify.take_profit),
            (at::TRAILING, modify.trailing),
        ];
        for (place, level) in levels {
            if level != Change::Keep {
                self.price(place, level.set().unwrap_or(Price::ZERO));
            }
        }
        match modify.break_even {
            Change::Keep => {}
            Change::Remove => self.price(at::BREAK_EVEN, Price::ZERO),
            Change::Set(even) => {
                self.price(at::BREAK_EVEN, even.trigger);
                self.price(at::BREAK_EVEN_OFFSET, even.offset);
            }
        }
        if modify.targets != Change::Keep {
            self.text(at::TARGETS, &text_of(modify.targets.set().unwrap_or_default()));
        }
        if modify.exit_time != Change::Keep {
            self.some_time(at::EXIT_TIME, Some(modify.exit_time.set().unwrap_or(0)));
        }
    }

    fn register(&mut self, instrument: &Instrument) -> Result<(), ArrowError> {
        self.text(at::SYMBOL, &instrument.symbol);
        self.count(at::PRICE_DECIMALS, u64::from(instrument.price_decimals));
        self.count(at::SIZE_DECIMALS, u64::from(instrument.size_decimals));
        self.raw(at::CONTRACT_SIZE, instrument.contract.raw());
        if let Some(leverage) = instrument.leverage {
            self.raw(at::LEVERAGE, leverage);
        }
        if let Some(currency) = &instrument.quote_currency {
            self.text(at::QUOTE_CURRENCY, currency.code());
        }
        if instrument.terms.is_some() {
            let bytes = terms_bytes(instrument)
                .map_err(|error| ArrowError::MemoryError(error.to_string()))?;
            let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
            let digits: String =
                nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
            self.text(at::TERMS, &digits);
        }
        Ok(())
    }
}

/// Targets as the column has them.
fn text_of(targets: &[Target]) -> String {
    let mut text = String::new();
    for Target { price, size } in targets {
        let separator = if text.is_empty() { "" } else { ";" };
        // Writing into a string does not fail.
        let _ = write!(text, "{separator}{price}:{size}");
    }
    text
}

const fn action_of(event: &Event<'_>) -> &'static str {
    match event {
        Event::RegisterInstrument(_) => "register",
        Event::Open(_) => "open",
        Event::Close(_) => "close",
        Event::Modify(_) => "modify",
        Event::PlaceOrder(_) => "order",
        Event::CancelOrder(_) => "cancel",
        Event::Bar(_) => "bar",
        Event::Quotes(_) => "quotes",
        Event::Mark(_) => "mark",
        Event::UpdateEquity(_) => "update",
        Event::Fee(_) => "fee",
        Event::Deposit(_) => "deposit",
        Event::Withdraw(_) => "withdraw",
        Event::CloseBy(_) => "close_by",
        Event::Convert(_) => "convert",
        Event::ChargeSwap(_) => "swap",
        Event::Rollover(_) => "rollover",
        Event::Dividend(_) => "dividend",
        Event::Split(_) => "split",
    }
}
