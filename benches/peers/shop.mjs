// A WooCommerce shop as a Node program talks to it: OAuth 1.0a, connections kept open, articles by SKU.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import http from 'node:http';

const PREFIX = '/wp-json/wc/v3';

// The vendor's way of encoding: what RFC 3986 leaves alone, and nothing else.
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

export class Shop {
  // `connections`: as many calls at once as its worker makes.
  constructor({ url, key, secret, webhook_secret: webhookSecret }, connections) {
    Object.assign(this, { url, key, secret, webhookSecret });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.ids = new Map();
  }

  signed(method, path, query) {
    const all = {
      ...query,
      oauth_consumer_key: this.key,
      oauth_nonce: randomBytes(16).toString('hex'),
      oauth_signature_method: 'HMAC-SHA256',
      oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    };
    const pairs = Object.keys(all).sort().map((name) => `${encode(name)}=${encode(all[name])}`);
    const text = [method, encode(this.url + PREFIX + path), encode(pairs.join('&'))].join('&');
    const signature = createHmac('sha256', `${this.secret}&`).update(text).digest('base64');
    return `${this.url}${PREFIX}${path}?${pairs.join('&')}&oauth_signature=${encode(signature)}`;
  }

  call(method, path, query = {}, body = undefined) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const options = { method, agent: this.agent, headers, timeout: 5000 };
    return new Promise((resolve, reject) => {
      const request = http.request(this.signed(method, path, query), options, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(parts).toString();
          if (response.statusCode >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.slice(0, 200)}`));
          else resolve(JSON.parse(answer));
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      request.end(text);
    });
  }

  // Every article with its number; remembers its id.
  async articles() {
    const found = [];
    for (let page = 1; ; page += 1) {
      const query = { page: String(page), per_page: '100', order: 'asc', orderby: 'id', _fields: 'id,sku,stock_quantity' };
      const rows = await this.call('GET', '/products', query);
      for (const { id, sku, stock_quantity: units } of rows) {
        this.ids.set(sku, id);
        found.push([sku, units]);
      }
      if (rows.length < 100) return found;
    }
  }

  setUnits(sku, units) {
    return this.call('PUT', `/products/${this.ids.get(sku)}`, { _fields: 'id' }, { stock_quantity: units });
  }

  subscribe(url) {
    const hook = { topic: 'order.created', delivery_url: url, secret: this.webhookSecret };
    return this.call('POST', '/webhooks', {}, hook);
  }

  isSigned(body, signature) {
    const own = createHmac('sha256', this.webhookSecret).update(body).digest();
    const given = Buffer.from(signature ?? '', 'base64');
    return own.length === given.length && timingSafeEqual(own, given);
  }
}
