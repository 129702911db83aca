//! stub
use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::decode::Stop;
use crate::pixels::Pixels;
use crate::policy::RenditionRules;
/// s
#[derive(Debug, Clone, PartialEq)]
pub struct RenditionSpec {}
impl RenditionSpec {
    /// c
    pub fn check(&self, _: &RenditionRules) -> Result<(), crate::geometry::ParseBoundsError> {
        Ok(())
    }
}
/// r
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Rendition {}
pub(crate) struct SourceFacts {}
impl SourceFacts {
    pub(crate) fn of(_: &Structure) -> Self {
        Self {}
    }
}
pub(crate) fn render(
    _: &Pixels,
    _: SourceFacts,
    _: &[RenditionSpec],
    _: &RenditionRules,
    _: &Cancellation,
) -> Result<Vec<Rendition>, Stop> {
    Ok(vec![])
}
