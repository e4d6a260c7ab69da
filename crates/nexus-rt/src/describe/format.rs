//! `PlanFormat`: the formats of a plan, by name.

use std::fmt;
use std::str::FromStr;

/// A format of a [`Plan`](super::Plan), for [`render`](super::Plan::render). It parses from its name in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PlanFormat {
    /// An indented tree.
    Text,
    /// A graph for Graphviz.
    Dot,
    /// A graph for Mermaid.
    Mermaid,
    /// One JSON object.
    Json,
}

impl FromStr for PlanFormat {
    type Err = UnknownPlanFormat;

    fn from_str(name: &str) -> Result<Self, UnknownPlanFormat> {
        match name {
            "text" => Ok(Self::Text),
            "dot" => Ok(Self::Dot),
            "mermaid" => Ok(Self::Mermaid),
            "json" => Ok(Self::Json),
            _ => Err(UnknownPlanFormat(name.into())),
        }
    }
}

/// The error of parsing a [`PlanFormat`]: no format has this name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownPlanFormat(String);

impl fmt::Display for UnknownPlanFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no format of a plan: use `text`, `dot`, `mermaid` or `json`", self.0)
    }
}

impl std::error::Error for UnknownPlanFormat {}
