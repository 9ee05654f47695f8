"use strict";
// States of minima, drawn in the drawer: text is only ever set as text.
window.spinfunnelStates = (function () {
  var SVG = "http://www.w3.org/2000/svg";
  function make(name, attributes, text) {
    var node = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function sheet(width, height, label) {
    return make("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": label });
  }
  function spins(key, form) {
    var columns = form.shape[1], rows = Math.ceil(key.length / columns), size = 300 / columns;
    var root = sheet(300, Math.max(rows * size, 12), "Spins of this minimum, " + rows + " rows of " + columns);
    for (var k = 0; k < key.length; k++) {
      var up = key[k] === "1";
      var box = make("rect", {
        x: (k % columns) * size + size * 0.04, y: Math.floor(k / columns) * size + size * 0.04,
        width: size * 0.92, height: size * 0.92, rx: size * 0.12, fill: up ? "#0072b2" : "#f0c36d"
      });
      var name = form.names && form.names[k] !== undefined ? form.names[k] : "variable " + (k + 1);
      box.appendChild(make("title", {}, name + ": " + key[k]));
      root.appendChild(box);
      if (size > 26) {
        root.appendChild(make("text", {
          x: (k % columns) * size + size / 2, y: Math.floor(k / columns) * size + size / 2 + 5, "text-anchor": "middle",
          "font-size": 14, fill: up ? "#fff" : "#222"
        }, up ? "↑" : "↓"));
      }
    }
    return root;
  }
  function names(key, form) {
    var table = document.createElement("table"), head = table.createTHead().insertRow();
    ["variable", "value"].forEach(function (word) {
      var cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = word;
      head.appendChild(cell);
    });
    var body = table.createTBody();
    for (var k = 0; k < key.length && k < 400; k++) {
      var row = body.insertRow();
      row.insertCell().textContent = form.names[k];
      row.insertCell().textContent = key[k];
    }
    return table;
  }
  function fold(key, form) {
    var step = { R: [1, 0, 0], L: [-1, 0, 0], U: [0, 1, 0], D: [0, -1, 0], F: [0.45, 0.45, 1], B: [-0.45, -0.45, -1] };
    var at = [0, 0], points = [[0, 0]];
    for (var k = 0; k < key.length; k++) {
      var move = step[key[k]] || [0, 0];
      at = [at[0] + move[0], at[1] + move[1]];
      points.push(at);
    }
    var xs = points.map(function (p) { return p[0]; }), ys = points.map(function (p) { return p[1]; });
    var low = [Math.min.apply(null, xs), Math.min.apply(null, ys)];
    var span = Math.max(Math.max.apply(null, xs) - low[0], Math.max.apply(null, ys) - low[1], 1);
    var place = function (p) { return [24 + 252 * (p[0] - low[0]) / span, 276 - 252 * (p[1] - low[1]) / span]; };
    var root = sheet(300, 300, "Fold of this minimum");
    root.appendChild(make("polyline", { points: points.map(function (p) { return place(p).join(","); }).join(" "), fill: "none", stroke: "#8d929b", "stroke-width": 5 }));
    points.forEach(function (p, k) {
      var letter = form.sequence[k] || "", c = place(p);
      root.appendChild(make("circle", { cx: c[0], cy: c[1], r: Math.max(6, 90 / span / 2.6), fill: letter === "H" ? "#d55e00" : letter === "P" ? "#56b4e9" : "#0072b2", stroke: "#fff", "stroke-width": 1.5 }));
      if (letter) root.appendChild(make("text", { x: c[0], y: c[1] + 4, "text-anchor": "middle", "font-size": 11, fill: "#111" }, letter));
    });
    return root;
  }
  function atoms(key, form) {
    var flat = form.of[key];
    if (!flat) return null;
    var canvas = document.createElement("canvas");
    canvas.width = 720;
    canvas.height = 640;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Atoms of this minimum, " + flat.length / 3 + " of them; drag or use the arrow keys to turn them");
    var a = 0.5, b = 0.4, pen = canvas.getContext("2d"), reach = 0, n = flat.length / 3;
    for (var k = 0; k < n; k++) reach = Math.max(reach, Math.hypot(flat[3 * k], flat[3 * k + 1], flat[3 * k + 2]));
    var nearest = [];
    function apart(i, j) { return Math.hypot(flat[3 * i] - flat[3 * j], flat[3 * i + 1] - flat[3 * j + 1], flat[3 * i + 2] - flat[3 * j + 2]); }
    for (var i = 0; i < n; i++) {
      var least = Infinity;
      for (var j = 0; j < n; j++) if (i !== j) least = Math.min(least, apart(i, j));
      nearest.push(least);
    }
    var bond = 1.3 * nearest.slice().sort(function (p, q) { return p - q; })[Math.floor(n / 2)];
    function draw() {
      var shown = [], scale = 270 / (reach || 1);
      for (var k = 0; k < n; k++) {
        var x = flat[3 * k], y = flat[3 * k + 1], z = flat[3 * k + 2];
        var x1 = Math.cos(a) * x + Math.sin(a) * z, z1 = -Math.sin(a) * x + Math.cos(a) * z;
        shown.push([360 + scale * x1, 320 + scale * (Math.cos(b) * y - Math.sin(b) * z1), Math.sin(b) * y + Math.cos(b) * z1, k]);
      }
      pen.clearRect(0, 0, 720, 640);
      pen.strokeStyle = "#8d929b";
      pen.lineWidth = 5;
      for (var i = 0; i < n; i++) for (var j = i + 1; j < n; j++) if (apart(i, j) < bond) {
        pen.beginPath(); pen.moveTo(shown[i][0], shown[i][1]); pen.lineTo(shown[j][0], shown[j][1]); pen.stroke();
      }
      shown.slice().sort(function (p, q) { return p[2] - q[2]; }).forEach(function (p) {
        var light = 0.5 + 0.5 * p[2] / (reach || 1);
        pen.beginPath();
        pen.arc(p[0], p[1], Math.min(44, 0.36 * bond * scale), 0, 7);
        pen.fillStyle = "hsl(205 75% " + (28 + 40 * light) + "%)";
        pen.fill();
        pen.lineWidth = 2; pen.strokeStyle = "#fff"; pen.stroke();
      });
    }
    var from = null;
    canvas.addEventListener("pointerdown", function (e) { from = [e.clientX, e.clientY]; canvas.setPointerCapture(e.pointerId); });
    canvas.addEventListener("pointermove", function (e) {
      if (!from) return;
      a += (e.clientX - from[0]) / 90; b += (e.clientY - from[1]) / 90; from = [e.clientX, e.clientY]; draw();
    });
    canvas.addEventListener("pointerup", function () { from = null; });
    canvas.addEventListener("keydown", function (e) {
      var turn = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] }[e.key];
      if (!turn) return;
      e.preventDefault();
      a += turn[0]; b += turn[1]; draw();
    });
    draw();
    return canvas;
  }
  function losses(key, form) {
    var row = form.of[key];
    if (!row) return null;
    var top = Math.max(row[0] || 0, row[1] || 0) || 1, root = sheet(300, 90, "Losses of this solution");
    [["training loss", row[0]], ["test loss", row[1]]].forEach(function (one, k) {
      if (one[1] === null) return;
      root.appendChild(make("rect", { x: 100, y: 12 + 36 * k, width: Math.max(130 * one[1] / top, 1), height: 22, fill: k ? "#e69f00" : "#0072b2" }));
      root.appendChild(make("text", { x: 92, y: 28 + 36 * k, "text-anchor": "end", "font-size": 13, fill: "currentColor" }, one[0]));
      root.appendChild(make("text", { x: 106 + 130 * one[1] / top, y: 28 + 36 * k, "font-size": 13, fill: "currentColor" }, one[1].toPrecision(3)));
    });
    return root;
  }
  function point(key, form) {
    var values = form.of[key];
    if (!values) return null;
    var note = document.createElement("p");
    note.textContent = "Coordinates: " + values.slice(0, 60).map(function (x) { return x.toPrecision(4); }).join(", ");
    return note;
  }
  return function (key, form) {
    var nodes = [];
    if (form.form === "spins") { nodes.push(spins(key, form)); if (form.names) nodes.push(names(key, form)); }
    else if (form.form === "fold") nodes.push(fold(key, form));
    else if (form.form === "atoms") nodes.push(atoms(key, form));
    else if (form.form === "losses") nodes.push(losses(key, form));
    else if (form.form === "point") nodes.push(point(key, form));
    return nodes.filter(Boolean);
  };
})();
