//! What comes back of a frame: receipts, and the rows that were refused.

use crate::columns::schema::{RECEIPT_COLUMNS, REFUSED_COLUMNS, View, row_width};
use crate::columns::segment::{Cells, Row};
use crate::columns::text::TextView;
use crate::event::Receipt;

/// A receipt of an accepted row.
pub(super) struct ReceiptRow<'l> {
    pub(super) row: u64,
    pub(super) receipt: &'l Receipt,
    /// Only the cells of this view are written; those of the other stay untouched memory.
    pub(super) view: View,
}

impl Row for ReceiptRow<'_> {
    const WIDTH: usize = row_width(RECEIPT_COLUMNS);

    #[inline(always)]
    fn put(&self, cells: &mut Cells) {
        let receipt = self.receipt;
        cells.put(self.row);
        cells.put_sparse(receipt.position_id);
        cells.put_sparse(receipt.order_id);
        let amounts = [receipt.realized, receipt.fee, receipt.balance];
        match self.view {
            View::Exact => amounts.into_iter().for_each(|money| {
                cells.put_sparse(money.raw());
                cells.skip::<f64>();
            }),
            View::Float => amounts.into_iter().for_each(|money| {
                cells.skip::<i128>();
                cells.put_sparse(if money.is_zero() { 0.0 } else { money.to_f64() });
            }),
        }
    }
}

/// A row that was refused.
pub(super) struct RefusedRow {
    pub(super) row: u64,
    pub(super) code: u64,
    pub(super) message: TextView,
}

impl Row for RefusedRow {
    const WIDTH: usize = row_width(REFUSED_COLUMNS);

    fn put(&self, cells: &mut Cells) {
        cells.put(self.row);
        cells.put(self.code);
        cells.put(self.message.bits());
    }
}
