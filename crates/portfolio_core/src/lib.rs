//! An exact, Arrow-native columnar portfolio engine.
//!
//! Events go in through one door, [`ledger::Ledger::apply`]; state, trades and the equity history
//! come out as Arrow record batches that share the engine's own memory ([`export`], [`frozen`]).
//! Money is integer arithmetic throughout; see [`numbers`] for the operations that exist. No
//! environment, no clock but in a wait, and no thread but those of [`batch::pool`], on which runs
//! that know nothing of each other are done, and the one that syncs a [`journal`] in mode
//! `interval`.
//!
//! Reading order: [`event`] → [`ledger`] → [`columns`] → [`export`]; [`numbers`], [`instrument`]
//! and [`book`] on the way.

#![cfg_attr(
    test,
    expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test, as it should")
)]

/// The example of the readme runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod event;
pub mod frame;
pub mod ledger;

mod account_events;
mod account_tables;
pub mod attribution;
pub mod batch;
pub mod columns;
pub mod export;
pub mod frozen;
pub mod history;

pub mod analysis;

pub mod book;
pub mod codec;
pub mod currency;
pub mod eventlog;
mod excursion;
mod general;
mod ids;
mod images;
pub mod import;
pub mod instrument;
pub mod journal;
pub mod metrics;
pub mod numbers;
pub mod orders;
pub mod positions;
pub mod protection;
pub mod refusal;
mod refusal_texts;
mod rollovers;
mod rows_table;
pub mod terms;
mod terms_check;
