//! Many at once: whoever comes first, no key outlives what ends it, and of two who want the same thing one gets it.

mod creators;
mod duplicates;
