//! A table for Python: an immutable snapshot that any Arrow library reads without a copy.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use portfolio_core::export::TableSnapshot;
use portfolio_core::refusal::Code;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PySequence, PyString};

use crate::convert::describe;
use crate::fault::Fault;

/// A table of the engine at one moment.
///
/// It never changes; the engine goes on behind it. `pl.DataFrame(table)`, `pa.table(table)` and any
/// other reader of the Arrow `PyCapsule` interface take it without a copy, as often as they like.
#[pyclass(frozen, subclass, module = "omega_portfolio._core")]
#[derive(Clone)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl Table {
    pub(crate) fn new(snapshot: TableSnapshot) -> Self {
        Self { schema: snapshot.schema, batches: snapshot.batches, rows: snapshot.rows }
    }
}

/// An error of the Arrow library, which our own columns cannot cause.
pub(crate) fn arrow_error(error: impl Into<ArrowError>) -> PyErr {
    PyRuntimeError::new_err(error.into().to_string())
}

/// The batches as an Arrow IPC stream, with `metadata` in the schema.
pub(crate) fn ipc_stream<'py>(
    py: Python<'py>,
    schema: &Schema,
    batches: &[RecordBatch],
) -> PyResult<Bound<'py, PyBytes>> {
    let write = || {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = StreamWriter::try_new(&mut bytes, schema)?;
        batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        drop(writer);
        Ok::<_, ArrowError>(bytes.into_inner())
    };
    let bytes = py.detach(write).map_err(arrow_error)?;
    Ok(PyBytes::new(py, &bytes))
}

/// The names in a sequence of text.
fn column_names(columns: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let rule = "must be a sequence of column names";
    let text = columns.is_instance_of::<PyString>() || columns.is_instance_of::<PyBytes>();
    let names = if text { None } else { columns.cast::<PySequence>().ok() };
    let names = names.ok_or_else(|| unknown_columns(columns, rule))?;
    names
        .try_iter()?
        .map(|name| name?.extract::<String>().map_err(|_| unknown_columns(columns, rule)))
        .collect()
}

fn unknown_columns(columns: &Bound<'_, PyAny>, rule: &'static str) -> PyErr {
    let remedy = "pass names out of table.columns, each once";
    Fault::new(Code::InvalidArgument, "columns", describe(columns), rule, remedy).into()
}

#[pymethods]
impl Table {
    /// The schema as a capsule named `arrow_schema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(arrow_error)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// The rows as a capsule named `arrow_array_stream`; each call gives a new stream over the same
    /// memory.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A producer may ignore the request (Arrow PyCapsule interface); casting would copy.
        drop(requested_schema);
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __len__(&self) -> usize {
        self.rows
    }

    /// The schema as a `pyarrow.Schema`.
    #[getter]
    fn schema<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("schema", (slf,))
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The same snapshot with only these columns, in this order.
    fn select(&self, columns: &Bound<'_, PyAny>) -> PyResult<Self> {
        let names = column_names(columns)?;
        let mut places = Vec::with_capacity(names.len());
        for name in &names {
            let place = self.schema.fields().iter().position(|field| field.name() == name);
            match place {
                Some(place) if places.contains(&place) => {
                    return Err(unknown_columns(columns, "names a column twice"));
                }
                Some(place) => places.push(place),
                None => return Err(unknown_columns(columns, "names a column that is not there")),
            }
        }
        let schema = Arc::new(self.schema.project(&places).map_err(arrow_error)?);
        let batches = self.batches.iter().map(|batch| batch.project(&places));
        let batches = batches.collect::<Result<Vec<_>, _>>().map_err(arrow_error)?;
        Ok(Self { schema, batches, rows: self.rows })
    }

    /// The table as a `polars.DataFrame`, without a copy.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The table as a `pyarrow.Table`, without a copy.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// The table as the bytes of an Arrow IPC stream, for storage and wire.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        ipc_stream(py, &self.schema, &self.batches)
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("omega_portfolio.display")?.call_method1("table_repr", (slf,))
    }

    /// The table as HTML, for notebooks.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("omega_portfolio.display")?.call_method1("table_html", (slf,))
    }
}
