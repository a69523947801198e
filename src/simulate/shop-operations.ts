import {
  cache,
  call,
  type EntrySpec,
  type OperationSpec,
  operation,
  publish,
  redis,
  sql,
  together,
  work,
} from './topology.ts'

const MAYBE = { optional: true } as const

/** What the services of the shop do, by service. Medians and sigmas: ms, log scale. */
export const OPERATIONS: Readonly<Record<string, readonly OperationSpec[]>> = {
  gateway: [
    operation('GET /', 1.2, 0.3, [
      call('auth/Auth/ValidateToken', { share: 0.45 }),
      call('frontend/GET /'),
    ]),
    operation('GET /product/{id}', 1.2, 0.3, [
      call('auth/Auth/ValidateToken', { share: 0.45 }),
      call('frontend/GET /product/{id}', { passNotFound: true }),
    ]),
    operation('GET /search', 1.1, 0.3, [call('frontend/GET /search')]),
    operation('GET /cart', 1.1, 0.3, [call('auth/Auth/ValidateToken'), call('frontend/GET /cart')]),
    operation('POST /cart', 1.3, 0.3, [
      call('auth/Auth/ValidateToken'),
      call('frontend/POST /cart', { passNotFound: true }),
    ]),
    operation('POST /checkout', 1.5, 0.3, [
      call('auth/Auth/ValidateToken'),
      call('checkout/POST /checkout'),
    ]),
    operation('POST /login', 1.2, 0.3, [call('auth/Auth/Login', { passNotFound: true })]),
    operation('GET /orders', 1.2, 0.3, [
      call('auth/Auth/ValidateToken'),
      call('orders/GET /orders'),
    ]),
    operation('GET /api/v1/products', 1.4, 0.35, [
      call('catalogue/GET /products'),
      call('pricing/Pricing/QuoteMany', { share: 0.7 }),
    ]),
    operation('POST /api/v1/reviews', 1.3, 0.3, [
      call('auth/Auth/ValidateToken'),
      call('reviews/POST /reviews'),
    ]),
  ],
  frontend: [
    operation('GET /', 6, 0.35, [
      together(
        call('catalogue/GET /products'),
        call('recommendation/Recommendation/List', { share: 0.8, ...MAYBE }),
        call('ads/Ads/Pick', { share: 0.7, ...MAYBE }),
      ),
      call('currency/Currency/Convert', { share: 0.35, atMost: 2 }),
      work('render home', 4, 0.4),
    ]),
    operation('GET /product/{id}', 5, 0.35, [
      call('catalogue/GET /products/{id}', { passNotFound: true }),
      together(
        call('pricing/Pricing/Quote', { retries: 1 }),
        call('reviews/GET /reviews', { share: 0.85, ...MAYBE }),
        call('inventory/Inventory/Available', { ...MAYBE }),
      ),
      call('ads/Ads/Pick', { share: 0.5, ...MAYBE }),
      work('render product', 3, 0.4),
    ]),
    operation('GET /search', 4, 0.35, [call('search/GET /search', { retries: 1 })]),
    operation('GET /cart', 4.5, 0.35, [
      call('cart/Cart/GetCart', { retries: 1 }),
      call('pricing/Pricing/QuoteMany'),
      call('shipping/GET /quote', { share: 0.6, ...MAYBE }),
    ]),
    operation('POST /cart', 4, 0.35, [
      call('catalogue/GET /products/{id}', { passNotFound: true }),
      call('inventory/Inventory/Available'),
      call('cart/Cart/AddItem', { retries: 1 }),
    ]),
  ],
  catalogue: [
    operation('GET /products', 5, 0.4, [
      cache('products', 0.85, [
        sql('SELECT', 'products', 9, { sigma: 0.5 }),
        redis('SET', 'products'),
      ]),
    ]),
    operation(
      'GET /products/{id}',
      3.5,
      0.4,
      [cache('product', 0.8, [sql('SELECT', 'products', 4), redis('SET', 'product')])],
      { notFound: 0.012 },
    ),
  ],
  search: [
    operation('GET /search', 9, 0.45, [
      work('parse query', 0.8, 0.3),
      sql('SELECT', 'search_index', 12, { sigma: 0.55, atMost: 3 }),
      call('catalogue/GET /products', { share: 0.9 }),
      call('pricing/Pricing/QuoteMany', { share: 0.6 }),
    ]),
  ],
  pricing: [
    operation(
      'Pricing/Quote',
      2.5,
      0.35,
      [
        cache('price', 0.9, [sql('SELECT', 'prices', 3)]),
        call('currency/Currency/Convert', { share: 0.3 }),
      ],
      { failing: 0.003 },
    ),
    operation('Pricing/QuoteMany', 4, 0.35, [
      sql('SELECT', 'prices', 4, { atMost: 2 }),
      call('currency/Currency/Convert', { share: 0.4 }),
    ]),
  ],
  currency: [operation('Currency/Convert', 1.5, 0.3, [])],
  recommendation: [
    operation('Recommendation/List', 12, 0.45, [
      redis('GET', 'profile', 0.7),
      call('catalogue/GET /products/{id}', { atLeast: 0, atMost: 3, ...MAYBE }),
    ]),
  ],
  reviews: [
    operation('GET /reviews', 5, 0.4, [sql('SELECT', 'reviews', 5, { sigma: 0.5 })]),
    operation('POST /reviews', 7, 0.4, [
      work('check words', 3, 0.5),
      sql('INSERT', 'reviews', 6),
      call('users/Users/Get', { share: 0.8 }),
    ]),
  ],
  ads: [operation('Ads/Pick', 3, 0.4, [redis('GET', 'ads', 0.9)])],
  cart: [
    operation('Cart/GetCart', 3, 0.35, [redis('HGETALL', 'cart')], { failing: 0.002 }),
    operation('Cart/AddItem', 3.5, 0.35, [redis('HGETALL', 'cart'), redis('HSET', 'cart')]),
    operation('Cart/Empty', 2, 0.35, [redis('DEL', 'cart')]),
  ],
  auth: [
    operation('Auth/ValidateToken', 1.8, 0.3, [redis('GET', 'session')]),
    operation(
      'Auth/Login',
      45,
      0.2,
      [call('users/Users/Get', { passNotFound: true }), redis('SET', 'session')],
      {},
    ),
  ],
  users: [
    operation('Users/Get', 2, 0.35, [cache('user', 0.75, [sql('SELECT', 'users', 3)])], {
      notFound: 0.03,
    }),
  ],
  checkout: [
    operation('POST /checkout', 8, 0.35, [
      call('cart/Cart/GetCart', { retries: 1 }),
      call('inventory/Inventory/Reserve', { atMost: 4 }),
      call('shipping/GET /quote'),
      call('payment/POST /charge', { retries: 1 }),
      call('orders/POST /orders'),
      call('cart/Cart/Empty', MAYBE),
      publish('order-placed', 'email/order-placed'),
    ]),
  ],
  payment: [
    operation('POST /charge', 35, 0.4, [work('risk score', 6, 0.4), sql('INSERT', 'charges', 5)], {
      failing: 0.006,
    }),
    operation('POST /webhooks/psp', 4, 0.35, [
      sql('UPDATE', 'charges', 5),
      call('orders/POST /orders/{id}/paid'),
    ]),
  ],
  shipping: [
    operation('GET /quote', 6, 0.4, [cache('rates', 0.7, [work('compute rates', 5, 0.4)])]),
  ],
  inventory: [
    operation('Inventory/Available', 3, 0.35, [sql('SELECT', 'stock', 3)]),
    operation('Inventory/Reserve', 4, 0.35, [sql('SELECT', 'stock', 3), sql('UPDATE', 'stock', 4)]),
    operation(
      'restock sweep',
      20,
      0.5,
      [
        sql('SELECT', 'stock', 25, { sigma: 0.5 }),
        sql('UPDATE', 'stock', 5, { atLeast: 0, atMost: 6 }),
      ],
      { trigger: 'schedule' },
    ),
  ],
  orders: [
    operation('POST /orders', 6, 0.35, [
      sql('INSERT', 'orders', 6),
      sql('INSERT', 'order_lines', 4, { atMost: 4 }),
    ]),
    operation('GET /orders', 7, 0.4, [
      sql('SELECT', 'orders', 8, { sigma: 0.5 }),
      call('users/Users/Get', { share: 0.4 }),
    ]),
    operation('POST /orders/{id}/paid', 4, 0.35, [sql('UPDATE', 'orders', 5)]),
  ],
  email: [
    operation('order-placed', 15, 0.5, [call('users/Users/Get'), work('render mail', 8, 0.4)], {
      trigger: 'message',
    }),
  ],
}

/** What starts traces, and how often. */
export const ENTRIES: readonly EntrySpec[] = [
  { operation: 'gateway/GET /', kind: 2, weight: 20 },
  { operation: 'gateway/GET /product/{id}', kind: 2, weight: 24 },
  { operation: 'gateway/GET /search', kind: 2, weight: 11 },
  { operation: 'gateway/GET /cart', kind: 2, weight: 11 },
  { operation: 'gateway/POST /cart', kind: 2, weight: 9 },
  { operation: 'gateway/POST /checkout', kind: 2, weight: 6 },
  { operation: 'gateway/POST /login', kind: 2, weight: 5 },
  { operation: 'gateway/GET /orders', kind: 2, weight: 4 },
  { operation: 'gateway/GET /api/v1/products', kind: 2, weight: 4 },
  { operation: 'gateway/POST /api/v1/reviews', kind: 2, weight: 2 },
  { operation: 'payment/POST /webhooks/psp', kind: 2, weight: 2.5 },
  { operation: 'inventory/restock sweep', kind: 1, weight: 1.5 },
]
