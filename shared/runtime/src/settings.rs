//! Settings of a function, read once from its environment. All mistakes are reported together.

use trustwatch_store::Names;

/// Settings of a function.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Names of the deployment.
    pub names: Names,
    /// How long a claim keeps others away, in milliseconds.
    pub lease_ms: i64,
    /// Whether this function serves the backfill queue: it then takes every object, however old or large.
    pub backfill: bool,
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not complete: {}", .0.join("; "))]
pub struct SettingsMistakes(pub Vec<String>);

impl RuntimeSettings {
    /// Reads the settings through `get`, which is `std::env::var` on AWS and a map in tests.
    ///
    /// # Errors
    /// [`SettingsMistakes`] names every variable that is missing or cannot be read.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsMistakes> {
        let mut reader = Reader { get, mistakes: Vec::new() };
        let names = reader.names();
        let (lease, lane) = (reader.need("LEASE_SECONDS"), reader.need("LANE"));
        let lease_ms = lease.parse::<u32>().map_or(0, |seconds| i64::from(seconds) * 1_000);
        if lease_ms == 0 && !lease.is_empty() {
            reader
                .mistakes
                .push(format!("`LEASE_SECONDS` is `{lease}`: expected a number of seconds above 0"));
        }
        if !matches!(lane.as_str(), "live" | "backfill" | "") {
            reader.mistakes.push(format!("`LANE` is `{lane}`: expected `live` or `backfill`"));
        }
        reader.finish(Self { names, lease_ms, backfill: lane == "backfill" })
    }
}

/// Reads what names a deployment through `get`: for commands, which name one as its functions do.
///
/// # Errors
/// [`SettingsMistakes`] names every variable that is missing.
pub fn read_names(get: impl Fn(&str) -> Option<String>) -> Result<Names, SettingsMistakes> {
    let mut reader = Reader { get, mistakes: Vec::new() };
    let names = reader.names();
    reader.finish(names)
}

struct Reader<G> {
    get: G,
    mistakes: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn need(&mut self, name: &str) -> String {
        (self.get)(name).filter(|value| !value.is_empty()).unwrap_or_else(|| {
            self.mistakes.push(format!("`{name}` is not set"));
            String::new()
        })
    }

    fn names(&mut self) -> Names {
        Names {
            raw: self.need("RAW_BUCKET"),
            lake: self.need("LAKE_BUCKET"),
            config: self.need("CONFIG_BUCKET"),
            table: self.need("TABLE"),
            normalise_queue: self.need("NORMALISE_QUEUE_URL"),
            backfill_queue: self.need("BACKFILL_QUEUE_URL"),
            classify_queue: self.need("CLASSIFY_QUEUE_URL"),
            kms_key: self.need("KMS_KEY"),
        }
    }

    fn finish<T>(self, read: T) -> Result<T, SettingsMistakes> {
        if self.mistakes.is_empty() { Ok(read) } else { Err(SettingsMistakes(self.mistakes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(&str, &str)]) -> Result<RuntimeSettings, SettingsMistakes> {
        RuntimeSettings::read(|name| {
            lines.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let Err(SettingsMistakes(mistakes)) =
            read(&[("TABLE", "t"), ("LEASE_SECONDS", "soon"), ("LANE", "fast")])
        else {
            panic!("the settings are incomplete")
        };
        assert_eq!(mistakes.len(), 9, "{mistakes:?}");
        assert!(mistakes.iter().any(|mistake| mistake.contains("`RAW_BUCKET` is not set")));
        assert!(mistakes.iter().any(|mistake| mistake.contains("`LEASE_SECONDS` is `soon`")));
        assert!(mistakes.iter().any(|mistake| mistake.contains("`LANE` is `fast`")));
    }

    #[test]
    fn a_command_needs_the_names_and_nothing_of_a_function() {
        let names = |missing: &'static str| {
            read_names(move |name| (name != missing).then(|| format!("the {}", name.to_lowercase())))
        };
        let complete = names("LANE").unwrap();
        assert_eq!((complete.raw.as_str(), complete.kms_key.as_str()), ("the raw_bucket", "the kms_key"));
        let Err(SettingsMistakes(mistakes)) = names("TABLE") else { panic!("a name is missing") };
        assert_eq!(mistakes, ["`TABLE` is not set"]);
    }

    #[test]
    fn complete_settings_are_taken() {
        let settings = read(&[
            ("RAW_BUCKET", "r"),
            ("LAKE_BUCKET", "l"),
            ("CONFIG_BUCKET", "c"),
            ("TABLE", "t"),
            ("NORMALISE_QUEUE_URL", "n"),
            ("BACKFILL_QUEUE_URL", "b"),
            ("CLASSIFY_QUEUE_URL", "j"),
            ("KMS_KEY", "k"),
            ("LEASE_SECONDS", "70"),
            ("LANE", "backfill"),
        ])
        .unwrap();
        assert_eq!((settings.lease_ms, settings.backfill), (70_000, true));
    }
}
