//! Resting orders (rules Q3 to Q6), and the index of what the market may reach.

mod levels;
mod table;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

pub(crate) use levels::Levels;
pub(crate) use triggers::{Reach, Take, Triggers, takes_within};

use crate::columns::text::TextView;
use crate::event::{OrderKind, Side};
use crate::numbers::{Price, Size};
use crate::positions::{Position, Positions};
use crate::protection::{Protected, Protections};

/// A resting order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number, never 0.
    pub order_id: u64,
    /// Index of its instrument.
    pub symbol: u32,
    /// The side of its fill.
    pub side: Side,
    /// At which price it is filled.
    pub kind: OrderKind,
    /// How much.
    pub size: Size,
    /// The last moment at which it may be filled.
    pub expiry: Option<i64>,
    /// The group in which orders cancel each other, if any.
    pub group: Option<Arc<str>>,
    /// Stop loss of the position; 0 = none.
    pub stop_loss: Price,
    /// Take profit of the position; 0 = none.
    pub take_profit: Price,
    /// The tag of the position.
    pub tag: TextView,
    /// The place of what else protects the position; 0 = nothing.
    pub protection: u32,
}

impl Order {
    /// The price of a limit or a stop, 0 of a market order.
    #[must_use]
    pub const fn price(&self) -> Price {
        match self.kind {
            OrderKind::Market => Price::ZERO,
            OrderKind::Limit(price) | OrderKind::Stop(price) => price,
        }
    }
}

/// A step of the orders, to be taken back.
#[derive(Debug, Clone)]
enum Step {
    Placed(u64),
    Removed(Box<Order>),
    /// The triggers of a position of a symbol may have changed.
    Followed(u32, u64),
    /// The index of a symbol was built.
    Built(u32),
}

/// What orders were at some moment.
#[derive(Debug, Clone, Copy)]
struct Mark {
    steps: usize,
    next_id: u64,
    ambiguous: u64,
}

/// The resting orders.
#[derive(Debug, Clone)]
pub struct Orders {
    resting: BTreeMap<u64, Order>,
    next_id: u64,
    groups: HashMap<Arc<str>, Vec<u64>>,
    /// What waits for the market, by symbol, as far as it ever had a bar or a quote.
    index: Vec<Option<Box<Triggers>>>,
    /// Bars in which the order of things was not known.
    pub(crate) ambiguous: u64,
    steps: Vec<Step>,
    marks: Vec<Mark>,
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            resting: BTreeMap::new(),
            next_id: 1,
            groups: HashMap::new(),
            index: Vec::new(),
            ambiguous: 0,
            steps: Vec::new(),
            marks: Vec::new(),
        }
    }
}

fn place(symbol: u32) -> usize {
    usize::try_from(symbol).unwrap_or(usize::MAX)
}

/// What a position is protected by, with the position; nothing when it is not open.
fn protected<'a>(
    positions: &'a Positions,
    protections: &'a Protections,
    position_id: u64,
) -> Option<(&'a Position, Option<&'a Protected>)> {
    let (_, position) = positions.find(position_id)?;
    Some((position, protections.get(position.protection)))
}

impl Orders {
    /// The resting orders by number.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.resting.values()
    }

    /// How many orders rest.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resting.len()
    }

    /// Whether no order rests.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resting.is_empty()
    }

    /// A resting order.
    #[must_use]
    pub fn find(&self, order_id: u64) -> Option<&Order> {
        self.resting.get(&order_id)
    }

    /// The number of the next order.
    #[must_use]
    pub const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The group of a text: the same one for all its orders.
    pub(crate) fn group(&self, text: &str) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        let known = self.groups.get_key_value(text).map(|(group, _)| Arc::clone(group));
        Some(known.unwrap_or_else(|| text.into()))
    }

    /// The orders of a group, by number.
    pub(crate) fn members(&self, group: &str) -> Vec<u64> {
        let mut members = self.groups.get(group).cloned().unwrap_or_default();
        members.sort_unstable();
        members
    }

    /// Rests an order whose number is the next one.
    pub(crate) fn insert(&mut self, order: Order) {
        self.next_id = order.order_id.saturating_add(1);
        if !self.marks.is_empty() {
            self.steps.push(Step::Placed(order.order_id));
        }
        self.add(order);
    }

    /// Takes an order out; its protection stays where it is.
    pub(crate) fn remove(&mut self, order_id: u64) -> Option<Order> {
        let order = self.take(order_id)?;
        if !self.marks.is_empty() {
            self.steps.push(Step::Removed(Box::new(order.clone())));
        }
        Some(order)
    }

    /// Rests an order again that was taken out to be changed.
    pub(crate) fn put_back(&mut self, order: Order) {
        if !self.marks.is_empty() {
            self.steps.push(Step::Placed(order.order_id));
        }
        self.add(order);
    }

    fn add(&mut self, order: Order) {
        if let Some(group) = &order.group {
            self.groups.entry(Arc::clone(group)).or_default().push(order.order_id);
        }
        if let Some(triggers) = self.triggers_mut(order.symbol) {
            triggers.enter(&order);
        }
        self.resting.insert(order.order_id, order);
    }

    fn take(&mut self, order_id: u64) -> Option<Order> {
        let order = self.resting.remove(&order_id)?;
        if let Some(group) = &order.group
            && let Some(members) = self.groups.get_mut(group)
        {
            members.retain(|&member| member != order_id);
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
        if let Some(triggers) = self.triggers_mut(order.symbol) {
            triggers.leave(&order);
        }
        Some(order)
    }

    /// The index of a symbol, if it was built.
    #[inline]
    pub(crate) fn triggers(&self, symbol: u32) -> Option<&Triggers> {
        self.index.get(place(symbol))?.as_deref()
    }

    /// The same, to be asked whether anything is in reach.
    #[inline]
    pub(crate) fn triggers_mut(&mut self, symbol: u32) -> Option<&mut Triggers> {
        self.index.get_mut(place(symbol))?.as_deref_mut()
    }

    /// Builds the index of a symbol, unless it is there.
    pub(crate) fn build(&mut self, symbol: u32, positions: &Positions, protections: &Protections) {
        let at = place(symbol);
        if self.index.get(at).is_some_and(Option::is_some) {
            return;
        }
        let mut triggers = Triggers::new();
        let rows = positions.rows().iter().filter(|position| position.symbol == symbol);
        for position in rows {
            let protected = protections.get(position.protection);
            triggers.follow(position.position_id, Some((position, protected)));
        }
        let orders = self.resting.values().filter(|order| order.symbol == symbol);
        orders.for_each(|order| triggers.enter(order));
        if self.index.len() <= at {
            self.index.resize_with(at.saturating_add(1), || None);
        }
        if let Some(cell) = self.index.get_mut(at) {
            *cell = Some(Box::new(triggers));
        }
        if !self.marks.is_empty() {
            self.steps.push(Step::Built(symbol));
        }
    }

    /// A position of a symbol was opened, closed or has other levels.
    #[inline]
    pub(crate) fn follow(
        &mut self,
        symbol: u32,
        position_id: u64,
        positions: &Positions,
        protections: &Protections,
    ) {
        let marked = !self.marks.is_empty();
        let Some(triggers) = self.triggers_mut(symbol) else { return };
        triggers.follow(position_id, protected(positions, protections, position_id));
        if marked {
            self.steps.push(Step::Followed(symbol, position_id));
        }
    }

    /// From here on remembers what is done, until [`Orders::commit`] or [`Orders::rewind`]. Marks
    /// may be nested.
    pub(crate) fn begin(&mut self) {
        let (next_id, ambiguous) = (self.next_id, self.ambiguous);
        self.marks.push(Mark { steps: self.steps.len(), next_id, ambiguous });
    }

    /// Forgets the last mark.
    pub(crate) fn commit(&mut self) {
        self.marks.pop();
        if self.marks.is_empty() {
            self.steps.clear();
        }
    }

    /// Goes back to the last mark; positions and protections are as they were already.
    pub(crate) fn rewind(&mut self, positions: &Positions, protections: &Protections) {
        let Some(mark) = self.marks.pop() else { return };
        let mut followed = Vec::new();
        while self.steps.len() > mark.steps {
            match self.steps.pop() {
                Some(Step::Placed(order_id)) => {
                    self.take(order_id);
                }
                Some(Step::Removed(order)) => self.add(*order),
                Some(Step::Followed(symbol, position_id)) => followed.push((symbol, position_id)),
                Some(Step::Built(symbol)) => {
                    if let Some(cell) = self.index.get_mut(place(symbol)) {
                        *cell = None;
                    }
                }
                None => break,
            }
        }
        (self.next_id, self.ambiguous) = (mark.next_id, mark.ambiguous);
        followed.sort_unstable();
        followed.dedup();
        for (symbol, position_id) in followed {
            if let Some(triggers) = self.triggers_mut(symbol) {
                triggers.follow(position_id, protected(positions, protections, position_id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Target;
    use crate::numbers::Money;
    use crate::positions::StopKind;

    fn price(raw: i128) -> Price {
        Price::from_raw(raw).unwrap()
    }

    fn order(order_id: u64, side: Side, kind: OrderKind) -> Order {
        Order {
            order_id,
            symbol: 0,
            side,
            kind,
            size: Size::ZERO,
            expiry: (order_id == 3).then_some(50),
            group: None,
            stop_loss: Price::ZERO,
            take_profit: Price::ZERO,
            tag: TextView::EMPTY,
            protection: 0,
        }
    }

    fn position(position_id: u64, side: Side, [stop, take]: [i128; 2]) -> Position {
        Position {
            position_id,
            symbol: 0,
            side,
            size: Size::ZERO,
            entry_time: 0,
            entry_price: price(100),
            stop_loss: price(stop),
            initial_stop: price(stop),
            take_profit: price(take),
            cost: Money::ZERO,
            entry_fee: Money::ZERO,
            tag: TextView::EMPTY,
            epoch: 0,
            swap: Money::ZERO,
            slippage: Money::ZERO,
            entry_rate: Money::ONE,
            stop_kind: StopKind::Own,
            protection: 0,
        }
    }

    /// Orders and positions around a market at 100.
    fn market() -> (Orders, Positions, Protections) {
        let (mut orders, mut positions, mut protections) =
            (Orders::default(), Positions::default(), Protections::default());
        orders.insert(order(1, Side::Long, OrderKind::Limit(price(90))));
        orders.insert(order(2, Side::Short, OrderKind::Stop(price(85))));
        orders.insert(order(3, Side::Short, OrderKind::Limit(price(120))));
        let targets = vec![Target { price: price(105), size: Size::ZERO }];
        let trailing = Some(price(20));
        let place = protections.put(Protected { trailing, targets, ..Protected::default() });
        let long = Position { protection: place, ..position(1, Side::Long, [80, 130]) };
        for position in [long, position(2, Side::Short, [115, 0])] {
            positions.reserve_one().unwrap();
            positions.insert(&position);
        }
        (orders, positions, protections)
    }

    /// Whether nothing happens between two prices at a moment.
    fn is_quiet(orders: &mut Orders, low: i128, high: i128, time: i64) -> bool {
        let reach = Reach { bid: (low, high), ask: (low + 1, high + 1) };
        orders.triggers_mut(0).unwrap().is_quiet(&reach, time)
    }

    #[test]
    fn the_nearest_of_everything_is_known() {
        let (mut orders, positions, protections) = market();
        assert!(orders.triggers_mut(0).is_none());
        orders.build(0, &positions, &protections);
        assert!(is_quiet(&mut orders, 90, 100, 49));
        assert!(!is_quiet(&mut orders, 89, 100, 49), "the ask falls to 90");
        assert!(!is_quiet(&mut orders, 90, 101, 49), "the stop at 80 follows beyond 100");
        assert!(!is_quiet(&mut orders, 90, 100, 50), "an order expires");
        orders.remove(1);
        orders.remove(3);
        assert!(is_quiet(&mut orders, 86, 100, 99));
        assert!(!is_quiet(&mut orders, 85, 100, 99), "the bid falls to 85");
        orders.insert(order(4, Side::Long, OrderKind::Market));
        assert!(!is_quiet(&mut orders, 100, 100, 0));
    }

    #[test]
    fn rewound_orders_are_as_they_were() {
        let (mut orders, mut positions, protections) = market();
        let shown = |orders: &Orders| {
            let triggers = format!("{:?}", orders.triggers(0).map(Triggers::keys));
            (format!("{:?}", orders.resting), orders.next_id, orders.ambiguous, triggers)
        };
        orders.begin();
        orders.build(0, &positions, &protections);
        orders.rewind(&positions, &protections);
        assert!(orders.triggers(0).is_none());
        orders.build(0, &positions, &protections);
        let before = shown(&orders);
        orders.begin();
        orders.remove(2);
        let group = orders.group("g");
        orders.insert(Order { group, ..order(4, Side::Long, OrderKind::Market) });
        let middle = shown(&orders);
        orders.begin();
        orders.ambiguous += 1;
        orders.remove(4);
        orders.remove(1);
        positions.remember(1).unwrap();
        positions.remove(0);
        orders.follow(0, 1, &positions, &protections);
        assert_eq!(orders.members("g"), [0; 0]);
        positions.rewind();
        orders.rewind(&positions, &protections);
        assert_eq!((shown(&orders), orders.members("g")), (middle, vec![4]));
        orders.rewind(&positions, &protections);
        assert_eq!(shown(&orders), before);
        assert!(orders.groups.is_empty() && orders.steps.is_empty());
    }
}
