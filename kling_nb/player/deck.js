// The clips of one comparison, kept in step. Knows videos and time; no controls, no layout.
//
// While paused, every clip stands in the middle of a frame, (k + 0.5) / fps: a seek to k / fps may land on either side.
// While playing, one clip leads. The others run up to half faster or slower until they are in step again,
// and jump when they are far off. Chromium drifts less than 1 ms after a common start, so that is rare.

const FAR = 0.25;
const GAIN = 8;
const PULL = 0.5;
const SEEK_TAKES = 0.05;
const PATIENCE = 4000;
const FPS = 24;

/**
 * @typedef {object} Clip
 * @property {HTMLElement} cell
 * @property {HTMLVideoElement} video
 * @property {string} name
 * @property {number} fps
 * @property {number} seconds
 * @property {number} offset seconds by which it starts later than the others
 * @property {boolean} sound
 * @property {string} src
 * @property {number | null} aim where it has to seek to once it has done the seek under way
 * @property {AbortController} ears
 */

/** Once it has its picture, and at a level of 3 also the next one. @param {HTMLMediaElement} video @param {number} level */
const ready = (video, level) => new Promise(done => {
  const look = () => video.error || (video.readyState >= level && !video.seeking) ? done(0) : 0;
  for (const event of ['canplay', 'seeked', 'error']) video.addEventListener(event, look, {once: true});
  setTimeout(done, PATIENCE);
  look();
});

class Deck {
  /** @param {() => void} tell called after every change, and at each frame while it plays */
  constructor(tell) {
    this.tell = tell;
    /** @type {Clip[]} */
    this.clips = [];
    /** @type {Clip | undefined} */
    this.heard = undefined;
    this.time = 0;
    this.rate = 1;
    this.from = 0;
    this.to = Infinity;
    this.playing = false;
    this.loop = false;
    this.muted = false;
    this.asleep = false;
    this.turn = 0;
  }

  get usable() {
    return this.clips.filter(clip => !clip.video.error);
  }

  get length() {
    return Math.max(0.04, ...this.clips.map(clip => clip.offset + clip.seconds));
  }

  get fps() {
    return Math.max(1, ...this.clips.map(clip => clip.fps));
  }

  get start() {
    return this.loop ? this.from : 0;
  }

  get end() {
    return this.loop ? Math.min(this.to, this.length) : this.length;
  }

  get frame() {
    return Math.floor(this.time * this.fps + 0.001);
  }

  /** @param {HTMLElement} cell */
  add(cell) {
    const video = cell.querySelector('video');
    if (!video) return;
    const {name = '', fps, seconds, sound} = cell.dataset;
    /** @type {Clip} */
    const clip = {
      cell, video, name, fps: Number(fps) || FPS, seconds: Number(seconds) || 0, offset: 0, sound: !!sound,
      src: video.getAttribute('src') || '', aim: null, ears: new AbortController(),
    };
    const {signal} = clip.ears;
    const measure = () => {
      if (isFinite(video.duration)) clip.seconds = video.duration;
      this.tell();
    };
    video.addEventListener('loadedmetadata', measure, {signal});
    video.addEventListener('error', this.tell, {signal});
    video.addEventListener('seeked', () => this.go(clip), {signal});
    if (video.readyState) measure();
    video.controls = false;
    video.loop = false;
    if (!this.heard && clip.sound) this.heard = clip;
    this.clips.push(clip);
    this.hush();
    return clip;
  }

  /** @param {Clip} clip */
  remove(clip) {
    clip.ears.abort();
    this.unload(clip);
    this.clips = this.clips.filter(other => other !== clip);
    if (this.heard === clip) this.heard = this.clips.find(other => other.sound);
  }

  /** @param {Clip} clip */
  unload({video}) {
    video.pause();
    video.removeAttribute('src');
    video.load();
  }

  /** The middle of the frame that a clip shows at a time of the whole. @param {Clip} clip @param {number} time */
  place(clip, time) {
    const last = Math.max(0, Math.round(clip.seconds * clip.fps) - 1);
    const frame = Math.floor((time - clip.offset) * clip.fps + 0.001);
    return (Math.min(last, Math.max(0, frame)) + 0.5) / clip.fps;
  }

  /** @param {Clip} clip @param {number} time */
  aim(clip, time) {
    clip.aim = time;
    if (!clip.video.seeking) this.go(clip);
  }

  /** @param {Clip} clip */
  go(clip) {
    const {video, aim} = clip;
    clip.aim = null;
    if (aim !== null && Math.abs(video.currentTime - aim) > 1e-4) video.currentTime = aim;
  }

  /** Go to a time, playing on if it plays. @param {number} time */
  seek(time) {
    const frames = Math.max(1, Math.round(this.length * this.fps));
    const frame = Math.min(frames - 1, Math.max(0, Math.floor(time * this.fps + 0.001)));
    this.time = (frame + 0.5) / this.fps;
    if (this.playing) void this.play();
    else for (const clip of this.clips) this.aim(clip, this.place(clip, this.time));
    this.tell();
  }

  /** @param {number} frames */
  step(frames) {
    this.pause();
    this.seek((this.frame + frames + 0.5) / this.fps);
  }

  async play() {
    const turn = ++this.turn;
    this.playing = true;
    if (this.time >= this.end - 1 / this.fps || this.time < this.start) this.time = this.start;
    this.tell();
    for (const clip of this.clips) {
      clip.video.preload = 'auto';
      clip.video.pause();
      const last = this.place(clip, Infinity);
      this.aim(clip, Math.min(last, Math.max(0, this.time - clip.offset)));
    }
    await Promise.all(this.usable.map(clip => ready(clip.video, 3)));
    if (turn !== this.turn || this.asleep) return;
    for (const clip of this.usable) this.hold(clip);
    requestAnimationFrame(() => this.follow(turn));
  }

  pause() {
    this.turn++;
    this.playing = false;
    for (const {video} of this.clips) video.pause();
    this.seek(this.time);
  }

  /** The clip that gives the time: the one that is heard, else the one that ends last. */
  leader() {
    const going = this.usable.filter(({video}) => !video.paused && !video.ended);
    const latest = going.sort((a, b) => b.offset + b.seconds - a.offset - a.seconds)[0];
    return this.heard && !this.muted && going.includes(this.heard) ? this.heard : latest;
  }

  /** @param {number} turn */
  follow(turn) {
    if (turn !== this.turn) return;
    const leader = this.leader();
    if (leader && leader.video.readyState < 3 && !leader.video.seeking) return void this.play();
    this.time = leader ? leader.video.currentTime + leader.offset : this.end;
    if (this.time >= this.end - 0.25 / this.fps) {
      if (this.loop) return this.seek(this.start);
      this.time = this.end - 0.5 / this.fps;
      return this.pause();
    }
    for (const clip of this.usable) if (clip !== leader) this.hold(clip);
    if (leader) this.pace(leader, this.rate);
    this.tell();
    requestAnimationFrame(() => this.follow(turn));
  }

  /** Keep one clip at the common time. @param {Clip} clip */
  hold(clip) {
    const {video} = clip;
    const wanted = this.time - clip.offset;
    if (wanted < 0 || wanted >= clip.seconds - 0.5 / clip.fps) {
      video.pause();
      return this.aim(clip, this.place(clip, this.time));
    }
    if (video.seeking) return;
    const gap = video.currentTime - wanted;
    if (Math.abs(gap) > FAR) video.currentTime = wanted + (video.paused ? 0 : SEEK_TAKES * this.rate);
    const pull = Math.min(PULL, Math.max(-PULL, GAIN * gap));
    this.pace(clip, this.rate * (Math.abs(gap) < 0.2 / clip.fps ? 1 : 1 - pull));
    if (video.paused) video.play().catch(() => {});
  }

  /** @param {Clip} clip @param {number} rate */
  pace({video}, rate) {
    if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
  }

  /** Only one clip is heard at a time. */
  hush() {
    for (const clip of this.clips) clip.video.muted = this.muted || clip !== this.heard;
    this.tell();
  }

  /** Off screen nothing is decoded; taken out of the page, the decoders are given back. @param {boolean} gone */
  sleep(gone) {
    this.asleep = true;
    this.turn++;
    for (const clip of this.clips) {
      clip.video.pause();
      if (gone) this.unload(clip);
    }
  }

  wake() {
    if (!this.asleep) return;
    this.asleep = false;
    for (const {video, src} of this.clips) if (!video.hasAttribute('src')) video.src = src;
    this.seek(this.time);
  }
}
