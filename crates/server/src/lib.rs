//! The Keybearer server: faces, operations, index.
