//! Spans per stage, compiled in by the `tracing` feature alone.

/// Enters a span for the rest of the block.
macro_rules! stage {
    ($name:literal) => {
        #[cfg(feature = "tracing")]
        let _span = tracing::debug_span!($name).entered();
    };
}

pub(crate) use stage;
