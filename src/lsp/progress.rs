//! What the editor shows while a workspace is loaded.

use gen_lsp_types::{
    ProgressParams, ProgressToken, WorkDoneProgressBegin, WorkDoneProgressCreateParams,
    WorkDoneProgressEnd, WorkDoneProgressReport,
};
use serde_json::Value;

use crate::lsp::client::json;

/// One piece of work, from its start to its end.
pub(super) struct Progress {
    token: String,
}

impl Progress {
    /// The request that comes before all else.
    pub fn create(number: usize) -> (Progress, Value) {
        let token = format!("async-fix/{number}");
        let parameters =
            WorkDoneProgressCreateParams { token: ProgressToken::String(token.clone()) };
        (Progress { token }, json(&parameters))
    }

    pub fn begin(&self, message: &str) -> Value {
        self.say(&WorkDoneProgressBegin {
            title: "async-fix".to_owned(),
            message: Some(message.to_owned()),
            cancellable: Some(false),
            ..WorkDoneProgressBegin::default()
        })
    }

    pub fn report(&self, message: &str) -> Value {
        let message = Some(message.to_owned());
        self.say(&WorkDoneProgressReport { message, ..WorkDoneProgressReport::default() })
    }

    pub fn end(&self) -> Value {
        self.say(&WorkDoneProgressEnd::default())
    }

    fn say(&self, value: &impl serde::Serialize) -> Value {
        let token = ProgressToken::String(self.token.clone());
        json(&ProgressParams { token, value: json(value) })
    }
}
