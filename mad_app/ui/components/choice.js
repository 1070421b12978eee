// What a hand chooses: Python hears of it when the hand rests. Until Python has heard the last choice, what it answers
// is about an earlier one.
class Choice {
  take({ data, setStateValue }) {
    this.send = setStateValue;
    this.heard = data.heard;
    this.number ??= data.heard;
  }

  tell(value, restMilliseconds = 0) {
    const number = ++this.number;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("choice", { number, value }), restMilliseconds);
  }

  get isAhead() {
    return this.heard < this.number;
  }
}
