// A relay of node-smpp: an SMPP server in front, and a client behind. `node relay.js FRONT_PORT BEHIND_PORT [BINDS]`.
// It passes each submit_sm on, answers when the SMSC has answered, and gives each receipt to the session that sent the message.
// LOSE=N: every Nth message is answered and not passed on.
const smpp = require('smpp');
const [front, behind, binds] = [2, 3, 4].map((n) => Number(process.argv[n] || 1));
const lose = Number(process.env.LOSE || 0);
const ids = new Map();
const uplinks = [];
let next = 0;
let count = 0;

function uplink() {
  const session = smpp.connect({ url: `smpp://127.0.0.1:${behind}` });
  session.on('connect', () => {
    session.bind_transceiver({ system_id: 'relay', password: 'relay' }, (pdu) => {
      if (pdu.command_status === 0) uplinks.push(session);
    });
  });
  session.on('deliver_sm', (pdu) => {
    const id = pdu.receipted_message_id || (/id:(\S+)/.exec(text(pdu)) || [])[1];
    const to = ids.get(id);
    session.send(pdu.response());
    if (to) to.deliver_sm(copy(pdu));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('error', () => {});
  session.on('close', () => {
    const place = uplinks.indexOf(session);
    if (place >= 0) uplinks.splice(place, 1);
    setTimeout(uplink, 500);
  });
}

const text = (pdu) => {
  const message = pdu.short_message && pdu.short_message.message;
  return Buffer.isBuffer(message) ? message.toString('latin1') : String(message || '');
};

function copy(pdu) {
  const out = {};
  const header = ['command', 'command_id', 'command_length', 'command_status', 'sequence_number'];
  for (const key of Object.keys(pdu)) {
    if (!header.includes(key) && typeof pdu[key] !== 'function') out[key] = pdu[key];
  }
  return out;
}

smpp.createServer({}, (session) => {
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver', 'unbind', 'enquire_link']) {
    session.on(command, (pdu) => session.send(pdu.response({ system_id: 'relay' })));
  }
  session.on('error', () => {});
  session.on('submit_sm', (pdu) => {
    count += 1;
    if (lose && count % lose === 0) return session.send(pdu.response({ message_id: `lost-${count}` }));
    const up = uplinks[next++ % Math.max(1, uplinks.length)];
    if (!up) return session.send(pdu.response({ command_status: smpp.errors.ESME_RSYSERR }));
    return up.submit_sm(copy(pdu), (answer) => {
      if (answer.message_id) ids.set(answer.message_id, session);
      session.send(pdu.response({ command_status: answer.command_status, message_id: answer.message_id }));
    });
  });
}).listen(front, '127.0.0.1');
for (let n = 0; n < binds; n++) uplink();
