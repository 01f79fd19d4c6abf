//! Colours for values from small to large.

/// From dark to light: each step is lighter than the one before, so that a picture can be read in grey too.
const COLOURS: [[f32; 3]; 6] = [
    [12.0, 8.0, 38.0],
    [74.0, 16.0, 110.0],
    [168.0, 42.0, 106.0],
    [232.0, 92.0, 58.0],
    [250.0, 168.0, 60.0],
    [252.0, 250.0, 196.0],
];

/// The colour at a share of the way from small to large.
pub(super) fn colour(share: f32) -> [u8; 3] {
    let place = share * (COLOURS.len() - 1) as f32;
    let low = (place.floor() as usize).min(COLOURS.len() - 2);
    let step = place - low as f32;
    let mix = |channel: usize| {
        let (from, to) = (COLOURS[low][channel], COLOURS[low + 1][channel]);
        (from + (to - from) * step).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_colour_is_lighter_than_the_one_before() {
        let light: Vec<f32> =
            COLOURS.iter().map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b).collect();
        assert!(light.windows(2).all(|pair| pair[0] + 20.0 < pair[1]), "{light:?}");
        assert_eq!([colour(0.0), colour(1.0)], [[12, 8, 38], [252, 250, 196]]);
    }
}
