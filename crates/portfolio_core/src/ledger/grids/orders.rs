//! Protection, orders, bars and quotes on their grids.

use super::Rounder;
use crate::event::{
    Bar, Bars, BreakEven, Change, Event, Marks, Modify, Open, OrderKind, PlaceOrder, Protection,
    Quote, Target,
};
use crate::ledger::{Ledger, OffGrid};
use crate::refusal::Refused;

impl Rounder<'_> {
    fn break_even(&mut self, even: BreakEven) -> BreakEven {
        BreakEven { trigger: self.price(even.trigger), offset: self.price(even.offset) }
    }

    fn targets(&mut self, targets: &[Target]) -> Vec<Target> {
        let round = |target: &Target| Target {
            price: self.price(target.price),
            size: self.size(target.size),
        };
        targets.iter().map(round).collect()
    }

    /// A protection; its targets are rounded already.
    fn protection<'a>(
        &mut self,
        protection: &Protection<'_>,
        targets: &'a [Target],
    ) -> Protection<'a> {
        Protection {
            trailing: protection.trailing.map(|distance| self.price(distance)),
            break_even: protection.break_even.map(|even| self.break_even(even)),
            targets,
            exit_time: protection.exit_time,
        }
    }

    /// A bid and an ask; one price for both is one number of the call.
    pub(super) fn quote<'a>(&mut self, quote: &Quote<'a>) -> Quote<'a> {
        let bid = self.price(quote.bid);
        if quote.bid == quote.ask {
            return Quote { bid, ask: bid, ..*quote };
        }
        Quote { bid, ask: self.price(quote.ask), ..*quote }
    }
}

impl Ledger {
    /// A quote with the numbers that its rules are asked of.
    pub(crate) fn quote_on_grid<'a>(&self, quote: &Quote<'a>) -> Quote<'a> {
        match self.configuration.off_grid {
            OffGrid::Refuse => *quote,
            OffGrid::Round => Rounder::new(self.book(quote.symbol)).quote(quote),
        }
    }

    /// An open whose other numbers are rounded already.
    pub(super) fn open_rounded(
        &mut self,
        open: &Open<'_>,
        symbol: Option<u32>,
        changed: u64,
    ) -> Result<(), Refused> {
        let mut rounder = Rounder::new(self.known_book(open.symbol, symbol));
        let targets = rounder.targets(open.protection.targets);
        let protection = rounder.protection(&open.protection, &targets);
        let changed = changed.saturating_add(rounder.changed);
        self.apply_counted(&Event::Open(Open { protection, ..*open }), symbol, changed)
    }

    /// A modify whose levels are rounded already.
    pub(super) fn modify_rounded(
        &mut self,
        modify: &Modify<'_>,
        changed: u64,
    ) -> Result<(), Refused> {
        let mut rounder = Rounder::new(self.book_of(modify.position_id));
        let trailing = rounder.level(modify.trailing);
        let break_even = match modify.break_even {
            Change::Set(even) => Change::Set(rounder.break_even(even)),
            other => other,
        };
        let rounded = rounder.targets(modify.targets.set().unwrap_or_default());
        let targets = match modify.targets {
            Change::Keep => Change::Keep,
            Change::Remove => Change::Remove,
            Change::Set(_) => Change::Set(&rounded[..]),
        };
        let changed = changed.saturating_add(rounder.changed);
        let modify = Modify { trailing, break_even, targets, ..*modify };
        self.apply_counted(&Event::Modify(modify), None, changed)
    }

    pub(super) fn place_rounded(&mut self, order: &PlaceOrder<'_>) -> Result<(), Refused> {
        let mut rounder = Rounder::new(self.book(order.symbol));
        let size = rounder.size(order.size);
        let kind = match order.kind {
            OrderKind::Market => OrderKind::Market,
            OrderKind::Limit(price) => OrderKind::Limit(rounder.price(price)),
            OrderKind::Stop(price) => OrderKind::Stop(rounder.price(price)),
        };
        let stop_loss = order.stop_loss.map(|level| rounder.price(level));
        let take_profit = order.take_profit.map(|level| rounder.price(level));
        let targets = rounder.targets(order.protection.targets);
        let protection = rounder.protection(&order.protection, &targets);
        let changed = rounder.changed;
        let order = PlaceOrder { size, kind, stop_loss, take_profit, protection, ..*order };
        self.apply_counted(&Event::PlaceOrder(order), None, changed)
    }

    pub(super) fn bars_rounded(&mut self, event: &Bars<'_>) -> Result<(), Refused> {
        let mut changed = 0_u64;
        let mut bars = Vec::new();
        bars.try_reserve(event.bars.len())?;
        for bar in event.bars {
            let mut rounder = Rounder::new(self.book(bar.symbol));
            bars.push(Bar {
                open: rounder.price(bar.open),
                high: rounder.price(bar.high),
                low: rounder.price(bar.low),
                close: rounder.price(bar.close),
                spread: rounder.price(bar.spread),
                ..*bar
            });
            changed = changed.saturating_add(rounder.changed);
        }
        self.apply_counted(&Event::Bar(Bars { bars: &bars, ..*event }), None, changed)
    }

    pub(super) fn quotes_rounded(&mut self, event: &Marks<'_>) -> Result<(), Refused> {
        let mut changed = 0_u64;
        let mut quotes = Vec::new();
        quotes.try_reserve(event.quotes.len())?;
        for quote in event.quotes {
            let mut rounder = Rounder::new(self.book(quote.symbol));
            quotes.push(rounder.quote(quote));
            changed = changed.saturating_add(rounder.changed);
        }
        self.apply_counted(&Event::Quotes(Marks { quotes: &quotes, ..*event }), None, changed)
    }
}
