//! Classifiers and statistics, by scikit-learn and SciPy in a process of their own: such judgements are not made by hand.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SCRIPT: &str = include_str!("../python/judge.py");

/// A Python with the pinned packages.
pub struct Judge(PathBuf);

/// How well two classifiers tell two kinds apart: 0.5 is chance, 1.0 is certainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auc {
    /// Logistic regression: differences that add up.
    pub logistic: f64,
    /// Gradient boosting: also differences that depend on each other.
    pub boosting: f64,
}

impl Auc {
    /// Whether both are at most so far from chance.
    #[must_use]
    pub fn within(&self, most: f64) -> bool {
        [self.logistic, self.boosting].iter().all(|auc| (auc - 0.5).abs() <= most)
    }

    /// The better one.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.logistic.max(self.boosting)
    }
}

impl Judge {
    /// Asks this Python.
    #[must_use]
    pub fn new(python: &Path) -> Self {
        Self(python.to_owned())
    }

    /// The area under the curve of each classifier, by five-fold cross-validation, for rows of features of two kinds.
    ///
    /// # Panics
    /// If the judge does not answer.
    #[must_use]
    pub fn auc(&self, kinds: [&[Vec<f64>]; 2], seed: u64) -> Auc {
        let rows: Vec<_> = kinds.iter().flat_map(|rows| rows.iter()).collect();
        let labels: Vec<_> = kinds.iter().zip(0..).flat_map(|(rows, label)| rows.iter().map(move |_| label)).collect();
        let said = self.ask(&json!({ "ask": "auc", "seed": seed, "rows": rows, "labels": labels }));
        let number = |name: &str| said[name].as_f64().expect("a number");
        Auc { logistic: number("logistic"), boosting: number("boosting") }
    }

    /// The p-value of the Kolmogorov-Smirnov test on two samples.
    ///
    /// # Panics
    /// If the judge does not answer.
    #[must_use]
    pub fn ks(&self, first: &[f64], second: &[f64]) -> f64 {
        self.ask(&json!({ "ask": "ks", "first": first, "second": second }))["p"].as_f64().expect("a number")
    }

    fn ask(&self, question: &Value) -> Value {
        let mut python = Command::new(&self.0);
        // Threads that wait for each other on a busy machine take many times longer.
        python.envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")]).args(["-c", SCRIPT]);
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = python.spawn().unwrap();
        running.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
        let done = running.wait_with_output().unwrap();
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}", why.lines().last().unwrap_or_default());
        serde_json::from_slice(&done.stdout).unwrap()
    }
}
