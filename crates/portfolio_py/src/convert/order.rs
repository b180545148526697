//! The kind of an order, with its price (SPEC Q3).

use portfolio_core::event::OrderKind;
use portfolio_core::numbers::{FloatPolicy, Price};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;

use super::{Given, number, word, wrong_type};
use crate::fault::Fault;

#[derive(Clone, Copy)]
enum Kind {
    Market,
    Priced(fn(Price) -> OrderKind),
}

/// `market` without a price, `limit` (also when not given) and `stop` with one.
pub(crate) fn read_kind(
    kind: &Given<'_>,
    price: Option<&Bound<'_, PyAny>>,
    policy: FloatPolicy,
) -> PyResult<OrderKind> {
    let known = [
        ("market", Kind::Market),
        ("limit", Kind::Priced(OrderKind::Limit)),
        ("stop", Kind::Priced(OrderKind::Stop)),
    ];
    let kind = match &kind.0 {
        Some(given) => word("type", given, Code::InvalidArgument, &known)?,
        None => Kind::Priced(OrderKind::Limit),
    };
    match (kind, price) {
        (Kind::Market, None) => Ok(OrderKind::Market),
        (Kind::Market, Some(price)) => {
            let remedy = "leave it out, or place a limit or a stop";
            Err(wrong_type("price", price, "a market order has no price", remedy).into())
        }
        (Kind::Priced(kind), Some(price)) => number::price("price", price, policy).map(kind),
        (Kind::Priced(_), None) => {
            let (rule, remedy) = ("a limit or a stop has a price", "pass its price");
            let value = "None".to_owned();
            Err(Fault::new(Code::InvalidArgument, "price", value, rule, remedy).into())
        }
    }
}
