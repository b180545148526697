//! Arrow tables from other libraries: the only `unsafe` of the bindings. (Handing out needs none.)
#![expect(unsafe_code, reason = "the Arrow C data interface passes raw pointers in capsules")]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::ffi::from_ffi_and_data_type;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, StructArray, new_null_array};
use arrow_data::ArrayData;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, FieldRef, Fields, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::fault::Fault;

/// A table of another library: its schema, and all of its batches.
pub(crate) type Frame = (SchemaRef, Vec<RecordBatch>);

/// Whether an object hands out an Arrow stream or array.
pub(crate) fn speaks_arrow(source: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(source.hasattr("__arrow_c_stream__")? || source.hasattr("__arrow_c_array__")?)
}

/// Reads all batches of an object that speaks Arrow. What the buffers hold is not looked at: the
/// readers of `portfolio_core::import` check each cell that they read.
pub(crate) fn read_frame(argument: &'static str, source: &Bound<'_, PyAny>) -> PyResult<Frame> {
    let py = source.py();
    let failed = |error: PyErr| {
        let fault = PyErr::from(unreadable(argument, &error.to_string()));
        fault.set_cause(py, Some(error));
        fault
    };
    let read = if source.hasattr("__arrow_c_stream__")? {
        read_stream(source)
    } else {
        read_array(source)
    };
    read.map_err(failed)?.map_err(|what| unreadable(argument, &what).into())
}

fn unreadable(argument: &'static str, what: &str) -> Fault {
    Fault::frame(argument, what.to_owned(), "cannot be read as an Arrow table", "pass a frame")
}

fn read_stream(source: &Bound<'_, PyAny>) -> PyResult<Result<Frame, String>> {
    let capsule = source.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let pointer =
        capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds a pointer to an ArrowArrayStream (Arrow PyCapsule
    // interface); `from_raw` moves the stream out and leaves a released one behind, which the
    // capsule's destructor recognises.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    Ok(source.py().detach(|| guarded(|| Stream(stream).read_all())))
}

fn read_array(source: &Bound<'_, PyAny>) -> PyResult<Result<Frame, String>> {
    let (schema, array) = source
        .call_method0("__arrow_c_array__")?
        .extract::<(Bound<'_, PyCapsule>, Bound<'_, PyCapsule>)>()?;
    let pointer = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
    // SAFETY: a capsule of this name holds a pointer to an ArrowSchema, which lives as long as the
    // capsule does.
    let read = guarded(|| read_schema(unsafe { pointer.as_ref() }));
    let pointer = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
    // SAFETY: as for a stream.
    let array = unsafe { FFI_ArrowArray::from_raw(pointer.as_ptr()) };
    Ok(read.and_then(|schema| {
        guarded(|| {
            if array.is_released() {
                return Err("the array was released or read before".to_owned());
            }
            let batch = read_batch(&schema, array)?;
            Ok((Arc::clone(&schema), vec![batch]))
        })
    }))
}

/// The C structures say little of what they hold; a panic on a forged one is a refusal as well.
fn guarded<R>(read: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("it contradicts its schema".to_owned()))
}

fn read_schema(schema: &FFI_ArrowSchema) -> Result<SchemaRef, String> {
    // What a released schema points to was given back.
    if schema.release().is_none() {
        return Err("the schema was released or read before".to_owned());
    }
    let schema = Schema::try_from(schema).map_err(|error| error.to_string())?;
    // Nullability is checked cell by cell; a producer may say one thing and send another.
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let fields = fields.collect::<Vec<_>>();
    Ok(Arc::new(Schema::new(fields).with_metadata(schema.metadata().clone())))
}

fn read_batch(schema: &SchemaRef, array: FFI_ArrowArray) -> Result<RecordBatch, String> {
    check_shape(&array, schema)?;
    let columns = DataType::Struct(schema.fields().iter().map(without_nulls).collect());
    // SAFETY: the array comes from the producer of this schema and has its shape, as just checked;
    // ownership moves here and the release callback runs when it is dropped.
    let data =
        unsafe { from_ffi_and_data_type(array, columns) }.map_err(|error| error.to_string())?;
    data.validate().map_err(|error| error.to_string())?;
    data.child_data().iter().try_for_each(|child| {
        let dictionaries = child.child_data().iter().try_for_each(ArrayData::validate);
        child.validate().and(dictionaries).map_err(|error| error.to_string())
    })?;
    if data.null_count() > 0 {
        return Err("a row of it is null as a whole".to_owned());
    }
    let columns = StructArray::from(data).into_parts().1;
    let columns = columns.into_iter().zip(schema.fields()).map(|(column, field)| {
        // What was taken as something else is of type null, or is nested; of these no reader takes
        // more than the type.
        let same = column.data_type() == field.data_type();
        if same { column } else { new_null_array(field.data_type(), column.len()) }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).map_err(|error| error.to_string())
}

/// A column of type null has no buffer at all, but Polars sends one without an address. A struct
/// without fields has a bitmap or none, and nothing else, so it is taken as that.
fn without_nulls(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Null => DataType::Struct(Fields::empty()),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(without_nulls).collect()),
        DataType::List(inside) => DataType::List(without_nulls(inside)),
        DataType::LargeList(inside) => DataType::LargeList(without_nulls(inside)),
        DataType::FixedSizeList(inside, size) => {
            DataType::FixedSizeList(without_nulls(inside), *size)
        }
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// A stream that was moved out of its capsule.
struct Stream(FFI_ArrowArrayStream);

impl Stream {
    fn read_all(mut self) -> Result<Frame, String> {
        if self.0.release().is_none() {
            return Err("the stream was released or read before".to_owned());
        }
        let schema = self.schema()?;
        let mut batches = Vec::new();
        while let Some(array) = self.next()? {
            batches.push(read_batch(&schema, array)?);
        }
        if batches.is_empty() {
            // The types of columns are asked of a table without rows as well (rule N8).
            batches.push(RecordBatch::new_empty(Arc::clone(&schema)));
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
        read_schema(&schema)
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
