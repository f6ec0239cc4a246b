// The one clock of all tracks, in fs.

const LONGEST_STEP = 0.25; // s; after a stall (a hidden tab, a rerun) the motion goes on instead of leaping
const FRAMES_PER_SECOND = 30;
const SHORTEST_RUN = 4; // s; a handful of frames is shown slowly enough to follow
const LONGEST_RUN = 120; // s

class Clock {
  constructor(times) {
    this.playing = false;
    this.loop = true;
    this.setTimes(times);
  }

  setTimes(times) {
    this.times = times;
    const gaps = Array.from(times.slice(1), (t, i) => t - times[i]).sort((a, b) => a - b);
    // How long the last frame stands before the loop starts again: the usual step.
    this.step = gaps.length ? gaps[Math.floor(gaps.length / 2)] : 1;
    this.end = times[times.length - 1] + this.step;
    const seconds = Math.min(LONGEST_RUN, Math.max(SHORTEST_RUN, times.length / FRAMES_PER_SECOND));
    this.usualRate = (this.end - times[0]) / seconds;
    this.time = Math.min(Math.max(this.time ?? times[0], times[0]), times[times.length - 1]);
  }

  get frame() {
    return this.frameAt(this.time);
  }

  /** The last frame that is not after the time: steps may be irregular, so a frame stands until the next is due. */
  frameAt(time) {
    let [low, high] = [0, this.times.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The frame nearest to the time, for seeking. */
  nearestFrame(time) {
    const frame = this.frameAt(time);
    const next = Math.min(frame + 1, this.times.length - 1);
    return this.times[next] - time < time - this.times[frame] ? next : frame;
  }

  seekFrame(frame) {
    this.time = this.times[Math.max(0, Math.min(this.times.length - 1, frame))];
  }

  /** One frame on or back, around the ends when looping. */
  stepFrames(count) {
    const n = this.times.length;
    const target = this.frame + count;
    this.seekFrame(this.loop ? (target + n) % n : target);
  }

  /** Moves on by wall-clock seconds at `rate` fs per second; stops at the end unless looping. */
  advance(seconds, rate) {
    const [start, last] = [this.times[0], this.times[this.times.length - 1]];
    this.time += Math.min(seconds, LONGEST_STEP) * rate;
    if (this.time < this.end && (this.loop || this.time < last)) return;
    if (this.loop) this.time = start + ((this.time - start) % (this.end - start));
    else {
      this.time = last;
      this.playing = false;
    }
  }
}

/** Frames drawn per second, over the last second. */
class FrameCounter {
  constructor() {
    this.drawn = [];
  }

  count(now) {
    this.drawn.push(now);
    while (this.drawn[0] < now - 1000) this.drawn.shift();
  }

  get rate() {
    const span = this.drawn[this.drawn.length - 1] - this.drawn[0];
    return span > 0 ? ((this.drawn.length - 1) * 1000) / span : 0;
  }
}
