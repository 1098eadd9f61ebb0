//! The sums of the samples, for each value.

use super::Options;
use crate::bytes::text::lossy;
use crate::bytes::text::plural;
use crate::call_tree::{Count, Forest, Unit, ValueType};

/// The number of samples, and the sum of their periods.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::collapse) struct Sums {
    samples: u64,
    periods: u64,
    /// Whether samples have periods. A sample without one counts 1.
    have_periods: bool,
}

impl Sums {
    pub fn add(&mut self, period: Option<u64>) {
        self.samples += 1;
        self.periods = self.periods.saturating_add(period.unwrap_or(1));
        self.have_periods |= period.is_some();
    }

    pub fn merge(&mut self, other: Sums) {
        self.samples += other.samples;
        self.periods = self.periods.saturating_add(other.periods);
        self.have_periods |= other.have_periods;
    }

    /// Logs how many samples were folded.
    pub fn log(&self, event: Option<&[u8]>) {
        let samples = plural(self.samples, "sample", "samples");
        match event {
            Some(event) => log::info!("perf: folded {samples} of event {}", lossy(event)),
            None => log::info!("perf: folded {samples}"),
        }
    }

    /// Sets the unit of a forest: that of the event, or samples if they are counted.
    pub fn describe(&self, forest: &mut Forest, event: Option<&[u8]>, options: &Options) {
        let samples = ValueType::new("samples", "count");
        let value = match options.off_cpu {
            true => ValueType::new("off-cpu", "nanoseconds"),
            false => self.event_value(event),
        };
        let mut values = vec![value, samples];
        values[0].sum = Count::from(self.periods);
        values[1].sum = Count::from(self.samples);
        if !self.have_periods {
            values.remove(0);
        }
        let chosen = if options.count_samples {
            values.last()
        } else {
            values.first()
        };
        let unit = chosen.map(ValueType::counts).unwrap_or_default();
        values[0].is_default = true;
        forest.set_unit(&unit);
        forest.set_values(values);
    }

    /// The value named after the event, which may be part of the name of a counter:
    /// `cpu_core/cycles/`.
    fn event_value(&self, event: Option<&[u8]>) -> ValueType {
        let name = lossy(event.unwrap_or(b"events")).into_owned();
        let plain = name.split('/').nth(1).unwrap_or(&name);
        let unit = Unit::of_event(plain);
        ValueType::new(name.as_str(), unit.name().unwrap_or("count"))
    }
}
