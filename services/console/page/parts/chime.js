/** A short, soft sound of two notes, made here: no file is fetched. */
export function chime() {
  const audio = new AudioContext();
  const notes = [659.3, 880];
  for (const [index, hertz] of notes.entries()) {
    const at = audio.currentTime + index * 0.14;
    const tone = new OscillatorNode(audio, { type: 'sine', frequency: hertz });
    const loudness = new GainNode(audio, { gain: 0 });
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.12, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    tone.connect(loudness).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.55);
    if (index === notes.length - 1) tone.onended = () => audio.close();
  }
}
