// A player that looks as if it worked, in the colours of a picture.

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Relative luminance (WCAG 2.2) of `#rrggbb`. */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

const on = (ground) => (contrast(ground, "#ffffff") >= contrast(ground, "#000000") ? "#ffffff" : "#000000");

function one(src, title, subtitle, caption, colors) {
  const player = document.getElementById("player").content.cloneNode(true).firstElementChild;
  for (const [name, value] of Object.entries(colors)) player.style.setProperty(`--${name}`, value);
  player.style.setProperty("--on-accent", on(colors.accent));
  player.style.setProperty("--scheme", on(colors.ground) === "#ffffff" ? "dark" : "light");
  player.querySelector("img").src = src;
  player.querySelector("b").textContent = title;
  player.querySelector(".track > span").textContent = subtitle;
  player.querySelector("figcaption").textContent = caption;
  const [position, time] = [player.querySelector("input"), player.querySelector("output")];
  const show = () => {
    time.textContent = minutes(position.valueAsNumber);
    position.setAttribute("aria-valuetext", `${time.textContent} of 3:40`);
  };
  position.addEventListener("input", show);
  show();
  const button = player.querySelector(".play");
  let timer;
  button.addEventListener("click", () => {
    const playing = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    clearInterval(timer);
    if (playing) {
      timer = setInterval(() => {
        position.valueAsNumber = (position.valueAsNumber + 1) % 221;
        show();
      }, 1000);
    }
  });
  return player;
}

/** Painted in the player colour, and with its variants as the accent of a light and of a dark page. */
export function players(src, title, subtitle, player) {
  const { hex, text, light, dark, primary, secondary } = player;
  return [
    one(src, title, subtitle, `${hex}, text ${text}`, { ground: hex, ink: text, title: primary, soft: secondary, accent: text }),
    one(src, title, subtitle, `light page, ${light}`, { ground: "#f4f4f5", ink: "#18181b", title: "#18181b", soft: "#52525b", accent: light }),
    one(src, title, subtitle, `dark page, ${dark}`, { ground: "#000000", ink: "#f4f4f5", title: "#f4f4f5", soft: "#a1a1aa", accent: dark }),
  ];
}
