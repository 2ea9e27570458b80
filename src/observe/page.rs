//! Series of a page of metrics.
use super::exposition::{self, unit};
use super::fault::Fault;
use super::http::Fetcher;
use super::rates::Rates;
use super::{Sampled, Source};
use crate::kit::Nanos;
use crate::measure::{Reading, SeriesUnit};
use crate::plan::Selector;
use std::io;

/// Longest that a page is waited for.
const PATIENCE: Nanos = Nanos::from_secs(2);

/// A page in the text format of Prometheus, or in OpenMetrics.
#[derive(Debug)]
pub struct Page {
    fetcher: Fetcher,
    series: Vec<(String, Selector)>,
    rates: Rates,
}

impl Page {
    /// These series of the page at `url`, looked at every `every`.
    ///
    /// # Errors
    /// Where the machine has no descriptor left.
    pub fn new(url: &str, series: &[(String, Selector)], every: Nanos) -> io::Result<Page> {
        let fetcher = Fetcher::new(url, every.min(PATIENCE).into())?;
        Ok(Page { fetcher, series: series.to_vec(), rates: Rates::default() })
    }

    fn read(&mut self, page: &str, now: Nanos) -> Sampled {
        let url = self.fetcher.url();
        let Some(found) = exposition::read(page, &self.series) else {
            let is_html = page.trim_start().starts_with('<');
            let what = if is_html { "HTML" } else { "a page without a sample" };
            return Fault::NotMetrics { url, what }.into();
        };
        let mut sampled = Sampled::default();
        let mut absent = Vec::new();
        for ((name, selector), found) in self.series.iter().zip(found) {
            if found.count == 0 {
                absent.push(selector.to_string());
                continue;
            }
            let value = match found.is_counter {
                true => self.rates.of(name, found.sum, now),
                false => Some(found.sum),
            };
            let unit: SeriesUnit = unit(&selector.metric, found.is_counter);
            let reading = value.map(|value| Reading { series: name.clone(), unit, value });
            sampled.readings.extend(reading);
        }
        if !absent.is_empty() {
            sampled.fault = Some(Fault::NoSeries { url, series: absent });
        }
        sampled
    }
}

impl Source for Page {
    fn sample(&mut self, now: Nanos) -> Sampled {
        match self.fetcher.fetch() {
            Ok(page) => self.read(&page, now),
            Err(fault) => fault.into(),
        }
    }
}
