//! Bytes of an Arrow IPC stream, as a frame of events into an account.
//!
//! No part of this project reads IPC from outside; other libraries do, and hand out what they
//! read. A panic of the reader of arrow is theirs, so it only ends the try.
#![no_main]

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;
use libfuzzer_sys::fuzz_target;
use portfolio_fuzz::accounts::try_frame;

thread_local!(static READING: Cell<bool> = const { Cell::new(false) });

fuzz_target!(
    init: {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |what| {
            if !READING.get() {
                abort(what);
            }
        }));
    },
    |data: &[u8]| {
        let Some((&choice, stream)) = data.split_first() else { return };
        if !lengths_fit(stream) {
            return;
        }
        READING.set(true);
        let read = catch_unwind(AssertUnwindSafe(|| read(stream)));
        READING.set(false);
        if let Ok(Some((schema, batches))) = read {
            try_frame(&schema, &batches, choice);
        }
    }
);

/// Whether the messages are as long as they say: the reader of arrow asks for as much memory as a
/// length says before it looks for the bytes.
fn lengths_fit(mut stream: &[u8]) -> bool {
    loop {
        let Some((head, rest)) = stream.split_first_chunk::<8>() else { return true };
        let [marker, length] = [&head[..4], &head[4..]]
            .map(|word| u32::from_le_bytes(word.try_into().unwrap_or_default()) as usize);
        if marker != u32::MAX as usize || length == 0 {
            return marker == u32::MAX as usize;
        }
        let Some((meta, rest)) = rest.split_at_checked(length) else { return false };
        let Ok(message) = arrow_ipc::root_as_message(meta) else { return false };
        let Ok(body) = usize::try_from(message.bodyLength()) else { return false };
        let Some((_, rest)) = rest.split_at_checked(body) else { return false };
        stream = rest;
    }
}

fn read(stream: &[u8]) -> Option<(SchemaRef, Vec<RecordBatch>)> {
    let reader = StreamReader::try_new(Cursor::new(stream), None).ok()?;
    let schema = reader.schema();
    let batches = reader.take(4).collect::<Result<_, _>>().ok()?;
    Some((schema, batches))
}
