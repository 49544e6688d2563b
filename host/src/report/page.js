(function () {
  'use strict';
  // What lies under the pointer: the nearest dot of a cloud, or the nearest line.
  var tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.appendChild(tip);
  var spot = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
  spot.setAttribute('class', 'spot');
  spot.setAttribute('r', 5.5);
  var hot = null;

  function points(path) {
    if (!path.places) {
      path.places = [];
      var d = path.getAttribute('d'), each = /([ML])(-?[\d.]+),(-?[\d.]+)/g, m;
      while ((m = each.exec(d))) path.places.push([+m[2], +m[3], m[1] === 'L']);
      path.cloud = path.hasAttribute('data-trials');
    }
    return path.places;
  }
  function toSegment(p, a, b) {
    var dx = b[0] - a[0], dy = b[1] - a[1], length = dx * dx + dy * dy;
    var t = length ? Math.max(0, Math.min(1, ((p.x - a[0]) * dx + (p.y - a[1]) * dy) / length)) : 0;
    return Math.hypot(p.x - a[0] - t * dx, p.y - a[1] - t * dy);
  }
  function nearest(paths, p) {
    var found = { distance: 14 };
    paths.forEach(function (path) {
      var places = points(path);
      for (var i = 0; i < places.length; i++) {
        var joined = !path.cloud && i > 0 && places[i][2];
        var distance = joined ? toSegment(p, places[i - 1], places[i]) : Math.hypot(p.x - places[i][0], p.y - places[i][1]);
        if (distance <= found.distance) found = { distance: distance, path: path, i: i };
      }
    });
    return found.path ? found : null;
  }
  function words(found) {
    var path = found.path, text = path.getAttribute('data-tip');
    if (!path.cloud) return text;
    function item(name) { return path.getAttribute(name).split(' ')[found.i]; }
    var names = path.getAttribute('data-names').split(' ');
    return 'trial ' + item('data-trials') + ' · ' + text + ' · ' + names[0] + ' ' + item('data-x') + ' · ' + names[1] + ' ' + item('data-y');
  }
  function clear() {
    tip.hidden = true;
    if (hot) hot.classList.remove('hot');
    if (spot.parentNode) spot.parentNode.removeChild(spot);
    hot = null;
  }
  document.querySelectorAll('figure svg').forEach(function (svg) {
    var paths = svg.querySelectorAll('[data-tip]');
    if (!paths.length) return;
    svg.querySelectorAll('[data-tip] > title').forEach(function (title) { title.remove(); });
    svg.addEventListener('pointerleave', clear);
    svg.addEventListener('pointermove', function (event) {
      var p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      var found = nearest(paths, p);
      clear();
      if (!found) return;
      if (found.path.cloud) {
        spot.setAttribute('cx', points(found.path)[found.i][0]);
        spot.setAttribute('cy', points(found.path)[found.i][1]);
        svg.appendChild(spot);
      } else {
        hot = found.path;
        hot.classList.add('hot');
      }
      tip.textContent = words(found);
      tip.hidden = false;
      tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
      tip.style.top = (event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18) + 'px';
    });
  });

  // Tables sort by a click on a column's name.
  document.querySelectorAll('table.sortable').forEach(function (table) {
    var body = table.tBodies[0];
    table.querySelectorAll('th').forEach(function (th, column) {
      th.addEventListener('click', function () {
        var up = th.getAttribute('aria-sort') !== 'ascending';
        table.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        function key(row) { return row.cells[column].getAttribute('data-key') || row.cells[column].textContent; }
        Array.prototype.slice.call(body.rows).sort(function (a, b) {
          var x = key(a), y = key(b), order = isFinite(x) && isFinite(y) ? x - y : x.localeCompare(y);
          return up ? order : -order;
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });

  document.querySelectorAll('button[data-copy]').forEach(function (button) {
    button.hidden = false;
    button.addEventListener('click', function () {
      var code = button.parentNode.querySelector('code');
      function done() { button.textContent = 'copied'; setTimeout(function () { button.textContent = 'copy'; }, 1500); }
      function select() {
        var range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        if (document.execCommand('copy')) done();
      }
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
      else select();
    });
  });
})();
