//! Which frames and crops of a video are seen.

use burn::config::Config;

use crate::error::{ConfigError, check, check_counts};

/// Which frames of a video make its clips, and which crops of them are seen.
///
/// Of a video of `n` frames, `m = max(0, n - frames * stride)` is the last frame at which a clip begins.
/// Clip `i` begins at `⌊i m / (clips - 1)⌋`, and a single one at `⌊m / 2⌋`. Frame `j` of a clip is the
/// video's `(start + j stride) mod n`: a video that is too short begins anew.
///
/// ```
/// use vit22b::video::ClipConfig;
///
/// let one = ClipConfig::new(4, 2);
/// assert_eq!(one.frames_of(20)?, [[6, 8, 10, 12]]);
/// assert_eq!(one.frames_of(3)?, [[0, 2, 1, 0]]);
/// let crops = one.with_crops(3).crop_starts(320, 224)?;
/// assert_eq!(crops, [0, 48, 96]);
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct ClipConfig {
    /// Frames of a clip, at least 1.
    pub frames: usize,
    /// From each frame of a clip to the next one, at least 1.
    pub stride: usize,
    /// Clips of a video, at least 1.
    #[config(default = 1)]
    pub clips: usize,
    /// Crops of each clip along its longer side, at least 1.
    #[config(default = 1)]
    pub crops: usize,
}

impl ClipConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_counts([
            ("frames", self.frames),
            ("stride", self.stride),
            ("clips", self.clips),
            ("crops", self.crops),
        ])?;
        // So that places in videos can be computed.
        for (field, value) in [("frames", self.frames), ("stride", self.stride)] {
            let rule = || format!("at most {MOST}");
            check(field, value, value <= MOST, rule, || MOST)?;
        }
        Ok(())
    }

    /// How many views of a video there are: say it beside every number that is measured with them.
    pub fn views(&self) -> usize {
        self.clips.saturating_mul(self.crops)
    }

    /// The frames of each clip of a video, counted from 0.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for a video without frames, and what [`validate`](Self::validate) finds.
    pub fn frames_of(&self, video: usize) -> Result<Vec<Vec<usize>>, ConfigError> {
        self.validate()?;
        check_counts([("frames of the video", video)])?;
        let starts = spread(video.saturating_sub(self.frames * self.stride), self.clips);
        let clip = |start| (0..self.frames).map(|j| (start + j * self.stride) % video).collect();
        Ok(starts.map(clip).collect())
    }

    /// Where crops begin along the longer side of frames whose shorter side is that of a crop: a single one
    /// in the middle, several from edge to edge.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] for a crop that is longer than the side, and what
    /// [`validate`](Self::validate) finds.
    pub fn crop_starts(&self, side: usize, crop: usize) -> Result<Vec<usize>, ConfigError> {
        self.validate()?;
        let rule = || format!("at most the side of {side} pixels");
        check("crop", crop, crop <= side, rule, || side)?;
        Ok(spread(side - crop, self.crops).collect())
    }
}

/// The most frames of a clip, and from one to the next.
const MOST: usize = 1 << 20;

/// Places from 0 to `last`, spread evenly; a single one in the middle.
fn spread(last: usize, count: usize) -> impl Iterator<Item = usize> {
    let place = move |index| match count {
        1 => last / 2,
        // Multiplied in u128, where no product of two lengths is too large.
        _ => (index as u128 * last as u128 / (count as u128 - 1)) as usize,
    };
    (0..count).map(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_stay_inside_of_the_video_from_its_beginning_to_its_end() {
        for video in 1..70 {
            for (frames, stride, clips) in [(8, 2, 4), (4, 1, 1), (1, 3, 2), (16, 4, 5)] {
                let config = ClipConfig::new(frames, stride).with_clips(clips);
                let all = config.frames_of(video).unwrap();
                assert_eq!(all.len(), clips);
                assert!(all.iter().flatten().all(|frame| *frame < video));
                if video >= frames * stride && clips > 1 {
                    let last = all[clips - 1][frames - 1];
                    assert_eq!((all[0][0], last), (0, video - stride), "{config:?} of {video}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_frames_is_refused() {
        let message = |config: ClipConfig, video| config.frames_of(video).unwrap_err().to_string();
        assert_eq!(
            message(ClipConfig::new(8, 2), 0),
            "frames of the video = 0 is not valid: at least 1; the nearest valid value is 1"
        );
        assert!(message(ClipConfig::new(0, 2), 9).starts_with("frames = 0 is not valid"));
        assert!(message(ClipConfig::new(usize::MAX, 2), 9).contains("at most 1048576"));
        assert!(message(ClipConfig::new(1, 1).with_clips(0), 9).starts_with("clips = 0"));
        assert!(ClipConfig::new(1, 1).crop_starts(100, 101).is_err());
    }
}
