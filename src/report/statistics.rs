//! Means, standard deviations, and Welch's t-test.
//!
//! Welch's test does not assume equal variances: B. L. Welch, "The generalization of
//! 'Student's' problem when several different population variances are involved", Biometrika 34 (1947). The
//! distribution function of t is a regularized incomplete beta function, computed from its continued
//! fraction (<https://dlmf.nist.gov/8.17#v>) by the modified Lentz method.

/// The mean; 0 if there are no values.
pub(super) fn mean(values: &[f64]) -> f64 {
    match values.len() {
        0 => 0.0,
        length => values.iter().sum::<f64>() / length as f64,
    }
}

/// The sample standard deviation; `None` for fewer than two values.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean).powi(2));
    match values.len() {
        0 | 1 => None,
        length => Some(squares.sum::<f64>() / (length - 1) as f64),
    }
}

/// The t statistic of Welch's test, and its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Welch {
    t: f64,
    freedom: f64,
}

impl Welch {
    /// Compares the mean of `after` with that of `before`; `None` if either has fewer than two values.
    pub fn new(before: &[f64], after: &[f64]) -> Option<Welch> {
        let (before_of_mean, after_of_mean) = (error_of_mean(before)?, error_of_mean(after)?);
        let sum = before_of_mean + after_of_mean;
        let difference = mean(after) - mean(before);
        // Without any variance, a difference is certain.
        if sum == 0.0 {
            let t = if difference == 0.0 {
                0.0
            } else {
                difference.signum() * f64::INFINITY
            };
            return Some(Welch { t, freedom: 1.0 });
        }
        let part = |error: f64, values: &[f64]| error.powi(2) / (values.len() - 1) as f64;
        Some(Welch {
            t: difference / sum.sqrt(),
            freedom: sum.powi(2) / (part(before_of_mean, before) + part(after_of_mean, after)),
        })
    }

    /// The p-value of a difference in either direction.
    pub fn two_sided(self) -> f64 {
        if self.t.is_infinite() {
            return 0.0;
        }
        let x = self.freedom / (self.freedom + self.t.powi(2));
        incomplete_beta(self.freedom / 2.0, 0.5, x)
    }

    /// The p-value of the mean after being larger.
    pub fn one_sided(self) -> f64 {
        match self.t > 0.0 {
            true => self.two_sided() / 2.0,
            false => 1.0 - self.two_sided() / 2.0,
        }
    }
}

/// The variance of the mean of the values.
fn error_of_mean(values: &[f64]) -> Option<f64> {
    variance(values).map(|variance| variance / values.len() as f64)
}

/// The regularized incomplete beta function, for `x` from 0 to 1.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges quickly only below this bound.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b);
    let front = (a * x.ln() + b * (1.0 - x).ln() - log_beta).exp() / a;
    front * beta_fraction(a, b, x)
}

/// The continued fraction 1 / (1 + d₁ / (1 + d₂ / (1 + ...))) of the incomplete beta function.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const MAX_STEPS: u32 = 10_000;
    const TINY: f64 = 1e-300;
    let not_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut numerator, mut denominator, mut fraction) = (1.0, 0.0, 1.0);
    for step in 0..MAX_STEPS {
        let term = match step {
            0 => 1.0,
            _ => beta_term(a, b, x, step),
        };
        denominator = 1.0 / not_zero(1.0 + term * denominator);
        numerator = not_zero(1.0 + term / numerator);
        let factor = numerator * denominator;
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    fraction - 1.0
}

/// The coefficient dₙ of the fraction.
fn beta_term(a: f64, b: f64, x: f64, step: u32) -> f64 {
    let m = f64::from(step / 2);
    match step % 2 {
        0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
        _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
    }
}

/// The logarithm of the gamma function of a positive number, by Stirling's series
/// (<https://dlmf.nist.gov/5.11#E1>) after shifting `x` to where it is accurate.
fn log_gamma(x: f64) -> f64 {
    const LARGE: f64 = 12.0;
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += x.ln();
        x += 1.0;
    }
    let series = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
    ];
    let square = x * x;
    let rest = series
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum / square + term)
        / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + rest - below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        let error = (found - expected).abs();
        assert!(error <= 1e-11 * expected.abs(), "{found} is not {expected}");
    }

    /// The numbers are those of `scipy.stats.ttest_ind(after, before, equal_var=False)` of SciPy 1.17.
    #[test]
    fn welch_agrees_with_scipy() {
        let cases: &[(&[f64], &[f64], [f64; 4])] = &[
            (
                &[10.0, 12.0, 11.0],
                &[14.0, 15.0, 13.0],
                [
                    3.6742346141747673,
                    4.0,
                    0.021311641128756713,
                    0.010655820564378356,
                ],
            ),
            (
                &[100.0, 101.5, 99.2, 100.7],
                &[101.0, 102.9, 100.1],
                [
                    1.02411419406955,
                    3.3824762068525986,
                    0.37335686198964024,
                    0.18667843099482012,
                ],
            ),
            (
                &[5.0, 5.0],
                &[7.0, 9.5],
                [2.6, 1.0, 0.23375012250468682, 0.11687506125234341],
            ),
            (
                &[
                    27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0,
                    21.7, 21.4,
                ],
                &[
                    27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9,
                    20.5, 24.4,
                ],
                [
                    2.455356398286006,
                    24.988529290231416,
                    0.021378001462866992,
                    0.010689000731433496,
                ],
            ),
        ];
        for (before, after, [t, freedom, two_sided, one_sided]) in cases {
            let welch = Welch::new(before, after).unwrap();
            assert_close(welch.t, *t);
            assert_close(welch.freedom, *freedom);
            assert_close(welch.two_sided(), *two_sided);
            assert_close(welch.one_sided(), *one_sided);
            let back = Welch::new(after, before).unwrap();
            assert_close(back.two_sided(), *two_sided);
            assert_close(back.one_sided(), 1.0 - one_sided);
        }
    }

    /// The numbers are those of `scipy.special.betainc`.
    #[test]
    fn incomplete_beta_agrees_with_scipy() {
        for (a, b, x, expected) in [
            (0.5, 0.5, 0.3, 0.36901011956554536),
            (1.0, 0.5, 0.9, 0.6837722339831621),
            (2.5, 0.5, 0.01, 3.4075027649461746e-6),
            (50.0, 0.5, 0.999, 0.7523690199653766),
            (1000.0, 0.5, 0.98, 2.074361672238055e-10),
            (0.5, 0.5, 0.999999, 0.9993633801215482),
            (0.5, 0.5, 0.0, 0.0),
            (0.5, 0.5, 1.0, 1.0),
        ] {
            assert_close(incomplete_beta(a, b, x), expected);
        }
    }

    /// The numbers are those of `scipy.special.gammaln`.
    #[test]
    fn log_gamma_agrees_with_scipy() {
        for (x, expected) in [
            (0.5, 0.5723649429247),
            (1.5, -0.12078223763524526),
            (4.0, 1.791759469228055),
            (10.0, 12.801827480081469),
            (100.5, 361.43554046777757),
            (1e6, 12815504.569147611),
        ] {
            assert_close(log_gamma(x), expected);
        }
    }

    #[test]
    fn differences_without_variance_are_certain() {
        let p = |before, after| {
            let welch = Welch::new(before, after).unwrap();
            (welch.two_sided(), welch.one_sided())
        };
        assert_eq!(p(&[1.0, 1.0], &[2.0, 2.0]), (0.0, 0.0));
        assert_eq!(p(&[2.0, 2.0], &[1.0, 1.0]), (0.0, 1.0));
        assert_eq!(p(&[1.0, 1.0], &[1.0, 1.0]), (1.0, 0.5));
        assert_eq!(Welch::new(&[1.0], &[1.0, 2.0]), None);
        assert_eq!((mean(&[]), deviation(&[3.0])), (0.0, None));
        assert_eq!(deviation(&[1.0, 3.0]), Some(2f64.sqrt()));
    }
}
