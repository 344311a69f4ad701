//! Which characters of a stranger's text act instead of showing something: said once, beside the report.

pub use kapok_report::is_hidden;
