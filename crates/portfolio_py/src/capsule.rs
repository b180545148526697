//! Arrow streams from other libraries: the only `unsafe` of the bindings. (Handing out needs none.)
#![expect(unsafe_code, reason = "the Arrow C data interface passes raw pointers in capsules")]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::ffi::from_ffi_and_data_type;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, StructArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::fault::Fault;

/// Reads all batches of an object with `__arrow_c_stream__` and checks every buffer before anything
/// looks at it.
pub(crate) fn read_stream(source: &Bound<'_, PyAny>) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    let py = source.py();
    let failed = |error: PyErr| {
        let fault = PyErr::from(unreadable(&error.to_string()));
        fault.set_cause(py, Some(error));
        fault
    };
    let capsule = source.call_method0("__arrow_c_stream__").map_err(failed)?;
    let capsule = capsule.cast_into::<PyCapsule>().map_err(|error| failed(error.into()))?;
    let pointer = capsule
        .pointer_checked(Some(c"arrow_array_stream"))
        .map_err(failed)?
        .cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds a pointer to an ArrowArrayStream (Arrow PyCapsule
    // interface); `from_raw` moves the stream out and leaves a released one behind, which the
    // capsule's destructor recognises.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    // The C structures say little of what they hold; a panic on a forged one is a refusal as well.
    let read = py.detach(|| {
        catch_unwind(AssertUnwindSafe(|| Stream(stream).read_all()))
            .unwrap_or_else(|_| Err("it contradicts its schema".to_owned()))
    });
    read.map_err(|what| unreadable(&what).into())
}

fn unreadable(what: &str) -> Fault {
    Fault::frame(what.to_owned(), "cannot be read as an Arrow stream", "pass a frame")
}

/// A stream that was moved out of its capsule.
struct Stream(FFI_ArrowArrayStream);

impl Stream {
    fn read_all(mut self) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
        if self.0.release().is_none() {
            return Err("the stream was released or read before".to_owned());
        }
        let schema = self.schema()?;
        let mut batches = Vec::new();
        while let Some(array) = self.next()? {
            check_shape(&array, &schema)?;
            let columns = DataType::Struct(schema.fields().clone());
            // SAFETY: the array comes from the producer of this schema and has its shape, as just
            // checked; ownership moves here and the release callback runs when it is dropped.
            let data = unsafe { from_ffi_and_data_type(array, columns) };
            let data = data.map_err(|error| error.to_string())?;
            data.validate_full().map_err(|error| error.to_string())?;
            let columns = StructArray::from(data).into_parts().1;
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
            batches.push(batch.map_err(|error| error.to_string())?);
        }
        Ok((schema, batches))
    }

    fn schema(&mut self) -> Result<SchemaRef, String> {
        let get_schema = self.0.get_schema().ok_or("it has no schema")?;
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the stream is not released and both pointers are valid for the call.
        let status = unsafe { get_schema(&raw mut self.0, &raw mut schema) };
        if status != 0 {
            return Err(self.last_error(status));
        }
        let schema = Schema::try_from(&schema).map_err(|error| error.to_string())?;
        // Nullability is checked cell by cell; a producer may say one thing and send another.
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }

    fn next(&mut self) -> Result<Option<FFI_ArrowArray>, String> {
        let get_next = self.0.get_next().ok_or("it has no rows")?;
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as for the schema.
        let status = unsafe { get_next(&raw mut self.0, &raw mut array) };
        if status != 0 {
            return Err(self.last_error(status));
        }
        Ok(if array.is_released() { None } else { Some(array) })
    }

    fn last_error(&mut self, status: i32) -> String {
        let unknown = format!("the producer failed with status {status}");
        let Some(get_last_error) = self.0.get_last_error() else { return unknown };
        // SAFETY: the stream is not released; the text is valid until the next call on it.
        let text = unsafe { get_last_error(&raw mut self.0) };
        if text.is_null() {
            return unknown;
        }
        // SAFETY: not null, and terminated by NUL (Arrow C stream interface).
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }
}

/// One child per field, each at least as long as the batch.
fn check_shape(array: &FFI_ArrowArray, schema: &Schema) -> Result<(), String> {
    let fields = schema.fields().len();
    if array.num_children() != fields {
        return Err(format!("a batch has {} columns, not {fields}", array.num_children()));
    }
    let rows = array.len().saturating_add(array.offset());
    match (0..fields).find(|&column| array.child(column).len() < rows) {
        Some(column) => {
            let name = schema.field(column).name();
            Err(format!("column {name} is shorter than its batch of {rows} rows"))
        }
        None => Ok(()),
    }
}
