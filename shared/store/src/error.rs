//! What can go wrong outside, sorted by what to do about it.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Try again later: throttled, unavailable, cut off, or a conflict with somebody else's transaction.
    Passing,
    /// The thing is not there.
    NotFound,
    /// The condition of the call does not hold.
    Condition,
    /// The role or key may not do this.
    Denied,
    /// A mistake of ours or an answer that makes no sense.
    Fault,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{verb} failed with {code}")]
pub struct StoreError {
    /// The verb of this crate.
    pub verb: &'static str,
    /// The service's code, or a word for what cut the call off.
    pub code: String,
    /// What to do about it.
    pub trouble: Trouble,
    /// Where it came from.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An answer that the service should not have given.
    pub(crate) fn fault(verb: &'static str, code: &str) -> Self {
        Self { verb, code: code.to_owned(), trouble: Trouble::Fault, source: None }
    }

    /// Others wrote the same thing again and again.
    pub(crate) fn contended(verb: &'static str) -> Self {
        Self { verb, code: "Contended".to_owned(), trouble: Trouble::Passing, source: None }
    }

    pub(crate) fn passing(
        verb: &'static str,
        code: &str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { verb, code: code.to_owned(), trouble: Trouble::Passing, source: Some(Box::new(source)) }
    }

    /// Takes an error of the SDK. Codes decide; texts are never read.
    pub(crate) fn of<E, R>(verb: &'static str, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let (code, trouble) = match (&error, code) {
            (SdkError::ServiceError(_), Some(code)) => {
                let trouble = by_code(&code);
                (code, trouble)
            }
            // S3 answers HEAD without a body, so that only the status tells.
            (SdkError::ServiceError(_), None) => ("Unknown".to_owned(), Trouble::Passing),
            (SdkError::TimeoutError(_), _) => ("Timeout".to_owned(), Trouble::Passing),
            (SdkError::DispatchFailure(_), _) => ("Dispatch".to_owned(), Trouble::Passing),
            (SdkError::ResponseError(_), _) => ("Response".to_owned(), Trouble::Passing),
            (SdkError::ConstructionFailure(_), _) => ("Construction".to_owned(), Trouble::Fault),
            _ => ("Unknown".to_owned(), Trouble::Passing),
        };
        // Of what a service said its sentence is worth reading; the SDK's own account of it repeats the code.
        let said = error.message().map(str::to_owned);
        let source: Box<dyn std::error::Error + Send + Sync> = match said {
            Some(message) => message.into(),
            None => Box::new(error),
        };
        Self { verb, code, trouble, source: Some(source) }
    }
}

/// Which items of a cancelled transaction had a condition that did not hold, in their order.
pub(crate) fn failed_conditions(error: Option<&TransactWriteItemsError>) -> Vec<bool> {
    match error {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code() == Some("ConditionalCheckFailed"))
            .collect(),
        _ => Vec::new(),
    }
}

/// Takes a condition that does not hold for the word that there is nothing left to do.
pub(crate) fn unless_changed<T>(answer: Result<T, StoreError>) -> Result<(), StoreError> {
    match answer {
        Err(error) if error.trouble == Trouble::Condition => Ok(()),
        answer => answer.map(|_| ()),
    }
}

fn by_code(code: &str) -> Trouble {
    match code {
        "NoSuchKey" | "NoSuchVersion" | "NotFound" => Trouble::NotFound,
        "PreconditionFailed" | "ConditionalCheckFailedException" => Trouble::Condition,
        "AccessDenied"
        | "AccessDeniedException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Trouble::Denied,
        // A bucket, table, queue or key that is not there is a deployment that is not whole, and no object that is gone.
        "NoSuchBucket"
        | "ResourceNotFoundException"
        | "QueueDoesNotExist"
        | "NotFoundException"
        | "ValidationException"
        | "InvalidArgument"
        | "MalformedXML"
        | "KeyTooLongError"
        | "InvalidRequest" => Trouble::Fault,
        // Throttling, 5xx, ConditionalRequestConflict, TransactionConflict and what AWS may add: all may pass.
        _ => Trouble::Passing,
    }
}
